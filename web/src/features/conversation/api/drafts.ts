import { readJson, send, sendJson } from "../../../api/client";
import { RequestError } from "../../../errors/failure";
import { fittingDraft, type Draft, type StoredDraft } from "../draft";
import type { WireDraft, WireStoredDraft } from "./wire";

const NO_CONTENT = 204;

/** The draft of a conversation (or `new`), if the server has one. */
export async function fetchDraft(key: string, signal: AbortSignal): Promise<StoredDraft | null> {
  try {
    const response = await send(pathOf(key), { signal });
    if (response.status === NO_CONTENT) return null;
    const { text, attachments, model, updated_at: at } = await readJson<WireStoredDraft>(response);
    return { text, attachments, model, updatedAt: Date.parse(at) };
  } catch (thrown) {
    const code = thrown instanceof RequestError ? thrown.failure.code : "";
    if (code === "draft.not_found" || code === "conversation.not_found") return null;
    throw thrown;
  }
}

/** Keeps a draft; an empty one is removed. `isLeaving`: the page is about to go. */
export async function saveDraft(key: string, draft: Draft, isLeaving: boolean): Promise<void> {
  const { text, attachments, model } = fittingDraft(draft);
  const files = attachments.map(({ name, text: content }) => ({ name, text: content }));
  const body: WireDraft = { text, attachments: files, model };
  await sendJson("PUT", pathOf(key), body, { keepalive: isLeaving });
}

function pathOf(key: string): string {
  return `/v1/conversations/${encodeURIComponent(key)}/draft`;
}
