import { readJson, send, sendJson } from "../../../api/client";
import { RequestError } from "../../../errors/failure";
import type { Question } from "../entry";
import { turnEvents, type TurnEvent } from "./turn-events";
import type {
  AppendBody,
  StartBody,
  WireChunk,
  WireConversation,
  WireEntry,
  WireHistory,
  WireInputs,
} from "./wire";

/** A turn to begin. Without a question the entry `parentId` is answered (again), or continued. */
export interface TurnRequest {
  /** `null` begins a conversation. */
  conversationId: string | null;
  /** The entry to go on from; `null` for another first question. */
  parentId: string | null;
  question: Question | null;
  model: string;
}

/** The answer to read on, and how many bytes of it are here. */
export interface Followed {
  conversationId: string;
  entryId: string;
  received: number;
}

export interface LoadedConversation {
  conversation: WireConversation;
  entries: readonly WireEntry[];
  head: string | null;
}

/** The conversation with all its branches. */
export async function fetchConversation(
  id: string,
  signal: AbortSignal,
): Promise<LoadedConversation> {
  const path = pathOf(id);
  const [conversation, history] = await Promise.all([
    send(path, { signal }).then((response) => readJson<WireConversation>(response)),
    send(`${path}/history?all=true`, { signal }).then((response) => readJson<WireHistory>(response)),
  ]);
  return { conversation, entries: history.entries, head: history.head ?? conversation.head };
}

/** Begins a turn and yields its events. The same key never begins a second one. */
export async function* postTurn(
  request: TurnRequest,
  key: string,
  signal: AbortSignal,
): AsyncGenerator<TurnEvent, void, void> {
  const { conversationId } = request;
  const path = conversationId === null ? "/v1/conversations" : pathOf(conversationId);
  const headers = { "idempotency-key": key, accept: "text/event-stream" };
  const response = await sendJson("POST", path, bodyOf(request), { signal, headers });
  yield* turnEvents(response, signal);
}

/** The conversation in which the server keeps a question whose answer it refused. */
export function conversationOfRefusal(thrown: unknown): string | null {
  const location = thrown instanceof RequestError ? thrown.location : null;
  const found = /^\/v1\/conversations\/(?<id>[^/?#]+)$/u.exec(location ?? "");
  return found?.groups?.["id"] ?? null;
}

/** The events of an answer, after `received` bytes of it. */
export async function* followTurn(
  { conversationId, entryId, received }: Followed,
  signal: AbortSignal,
): AsyncGenerator<TurnEvent, void, void> {
  const headers = { "last-event-id": String(received), accept: "text/event-stream" };
  const path = `${pathOf(conversationId)}/events?entry_id=${encodeURIComponent(entryId)}`;
  yield* turnEvents(await send(path, { signal, headers }), signal);
}

export async function stopTurn(conversationId: string): Promise<void> {
  await send(`${pathOf(conversationId)}/stop`, { method: "POST" });
}

/** Shows the branch that ends at `head`. */
export async function moveHead(conversationId: string, head: string): Promise<void> {
  await sendJson("PATCH", pathOf(conversationId), { head });
}

/** Goes on from no entry: another first question. */
const ROOT = "root";

function pathOf(conversationId: string): string {
  return `/v1/conversations/${encodeURIComponent(conversationId)}`;
}

function bodyOf(request: TurnRequest): StartBody | AppendBody {
  const { conversationId, parentId, question, model } = request;
  const body = { model, stream: true, inputs: question === null ? [] : inputsOf(question) };
  return conversationId === null ? body : { ...body, parent_id: parentId ?? ROOT };
}

function inputsOf({ text, attachments }: Question): WireInputs {
  if (attachments.length === 0) return text;
  const files = attachments.map(({ name, text: content }): WireChunk => {
    return { type: "text", text: content, file_name: name };
  });
  const content: WireChunk[] = text === "" ? files : [{ type: "text", text }, ...files];
  return [{ role: "user", content }];
}
