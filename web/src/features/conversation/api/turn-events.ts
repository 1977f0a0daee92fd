import type { Usage } from "../../../api/types";
import { RequestError, pageFailure, type Failure } from "../../../errors/failure";
import { readEvents, type ServerSentEvent } from "../../../sse/events";
import { failureOfCode } from "../entry";
import type { EntryState, WireTurnEvent } from "./wire";

/** What the events of a turn say, in the order of arrival. */
export type TurnEvent =
  | { kind: "started"; conversationId: string; inputId: string | null; entryId: string }
  /** `end` is the number of bytes of the answer after this text, where the server counts them. */
  | { kind: "text"; entryId: string; text: string; end: number | null }
  | TurnEnd;

export interface TurnEnd {
  kind: "ended";
  entryId: string;
  state: EntryState;
  usage: Usage | null;
  requestId: string | null;
  failure: Failure | null;
}

/** Reads the turn that a response carries. A broken connection throws `page.interrupted`. */
export async function* turnEvents(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<TurnEvent, void, void> {
  if (response.body === null) throw new RequestError(pageFailure("page.unreadable"));
  try {
    for await (const event of readEvents(response.body)) {
      const parsed = turnEventOf(event);
      if (parsed !== null) yield parsed;
    }
  } catch (cause) {
    if (signal.aborted || cause instanceof RequestError) throw cause;
    throw new RequestError(pageFailure("page.interrupted"), { cause });
  }
}

/** What one event says; `null` for a kind that this page does not know (yet). */
export function turnEventOf({ id, data }: ServerSentEvent): TurnEvent | null {
  const event = parse(data);
  switch (event.type) {
    case "conversation.response.started": {
      const { conversation_id: conversationId, input_id: inputId, entry_id: entryId } = event;
      return { kind: "started", conversationId, inputId, entryId };
    }
    case "message.output.delta":
      return { kind: "text", entryId: event.id, text: event.content, end: countOf(id) };
    case "conversation.response.done": {
      const { entry_id: entryId, usage, request_id: requestId } = event;
      const state = endOf(event.state);
      return { kind: "ended", entryId, state, usage, requestId: requestId ?? null, failure: null };
    }
    case "conversation.response.error": {
      const { entry_id: entryId, error_code: code, message } = event;
      const failure = failureOfCode(code, message);
      const ended = { usage: null, requestId: null, failure };
      return { kind: "ended", entryId, state: endOf(event.state), ...ended };
    }
    default:
      return null;
  }
}

/** What is said to have ended cannot run on: that would show an answer that never ends. */
function endOf(state: EntryState): EntryState {
  return state === "running" ? "failed" : state;
}

function countOf(id: string | null): number | null {
  return id !== null && /^\d{1,15}$/u.test(id) ? Number(id) : null;
}

function parse(data: string): WireTurnEvent {
  try {
    const event: unknown = JSON.parse(data);
    if (typeof event === "object" && event !== null) return event as WireTurnEvent;
  } catch {
    // Not JSON: reported below, like JSON of another shape.
  }
  throw new RequestError(pageFailure("page.unreadable"));
}
