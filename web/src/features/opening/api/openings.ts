import { readJson, send, sendJson } from "../../../api/client";
import type { NewOpening, OpenedConversations, Opening, OpeningList } from "../../../api/types";
import type { WireHistory } from "../../conversation/api/wire";

const ROOT = "/v1/break-glass";
/** As many as the server gives at once. */
const CONVERSATIONS_MAX = 1000;

export async function fetchOpenings(): Promise<Opening[]> {
  const { data } = await readJson<OpeningList>(await send(ROOT));
  return data;
}

export async function askForOpening(wish: NewOpening): Promise<Opening> {
  return readJson(await sendJson("POST", ROOT, wish));
}

/** Agrees as the second person: from now on whoever asked may read. */
export async function agreeToOpening(id: string): Promise<Opening> {
  return readJson(await send(`${pathOf(id)}/approval`, { method: "POST" }));
}

/** Refuses a request that waits, or ends what is open. */
export async function closeOpening(id: string): Promise<Opening> {
  return readJson(await send(pathOf(id), { method: "DELETE" }));
}

export async function fetchOpenedConversations(id: string): Promise<OpenedConversations> {
  const query = `page_size=${CONVERSATIONS_MAX}&archived=any`;
  return readJson(await send(`${pathOf(id)}/conversations?${query}`));
}

/** All entries of a conversation that is opened, of every branch. */
export async function fetchOpenedHistory(id: string, conversation: string): Promise<WireHistory> {
  const path = `${pathOf(id)}/conversations/${encodeURIComponent(conversation)}`;
  return readJson(await send(path));
}

function pathOf(id: string): string {
  return `${ROOT}/${encodeURIComponent(id)}`;
}
