import { sendJson } from "../../../api/client";
import type { AnswerEnd, ChatChunk, ChatRequest, ErrorBody, Usage } from "../../../api/types";
import { RequestError, failureFromBody, pageFailure } from "../../../errors/failure";
import { readEvents } from "../../../sse/events";

/** What an answer brings while it streams, in the order of arrival. */
export type AnswerPart =
  | { kind: "text"; text: string }
  | { kind: "usage"; usage: Usage }
  | { kind: "end"; end: AnswerEnd };

const OK_STATUS = 200;

/**
 * Asks and yields the answer part by part. Aborting the signal closes the connection, which
 * makes the server stop within one token. A stream that ends without its `[DONE]` throws.
 */
export async function* streamAnswer(
  request: Pick<ChatRequest, "model" | "messages">,
  signal: AbortSignal,
): AsyncGenerator<AnswerPart, void, void> {
  const body = { ...request, stream: true };
  const response = await sendJson("POST", "/v1/chat/completions", body, { signal });
  if (response.body === null) throw new RequestError(pageFailure("page.unreadable"));
  let hasEnded = false;
  for await (const { data } of eventsOf(response.body, signal)) {
    if (data === "[DONE]") return;
    for (const part of partsOf(parseChunk(data))) {
      if (part.kind === "end") hasEnded = true;
      yield part;
    }
  }
  if (!hasEnded) throw new RequestError(pageFailure("page.interrupted"));
}

async function* eventsOf(body: ReadableStream<Uint8Array>, signal: AbortSignal) {
  try {
    yield* readEvents(body);
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new RequestError(pageFailure("page.interrupted"), { cause });
  }
}

/** An event of the stream: a piece of the answer, or the error that ended it. */
type Chunk = Partial<Omit<ChatChunk, "object">> &
  Partial<Pick<ErrorBody, "error">> & { object?: string };

function parseChunk(data: string): Chunk {
  try {
    const chunk: unknown = JSON.parse(data);
    if (typeof chunk === "object" && chunk !== null) return chunk as Chunk;
  } catch {
    // Not JSON: reported below, like JSON of another shape.
  }
  throw new RequestError(pageFailure("page.unreadable"));
}

/** The parts of one chunk. A chunk that reports an error throws after its text and usage. */
function* partsOf(chunk: Chunk): Generator<AnswerPart, void, void> {
  const choice = chunk.choices?.[0];
  const text = choice?.delta.content ?? "";
  if (text !== "") yield { kind: "text", text };
  if (chunk.usage != null) yield { kind: "usage", usage: chunk.usage };
  const finish = choice?.finish_reason ?? null;
  if (chunk.object === "error" || chunk.error != null || finish === "error") {
    const hasReason = chunk.object === "error" || chunk.error != null;
    const failure = failureFromBody(chunk, OK_STATUS, null);
    throw new RequestError(hasReason ? failure : pageFailure("page.interrupted"));
  }
  if (finish !== null) yield { kind: "end", end: finish };
}
