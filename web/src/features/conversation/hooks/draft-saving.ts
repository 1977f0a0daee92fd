import { failureOf } from "../../../errors/failure";
import { fetchDraft, saveDraft } from "../api/drafts";
import { sessionExpiry } from "../../session/expiry";
import { browserStorage } from "../../../preferences/browser-storage";
import { pageOwner } from "../../session/page-owner";
import { beforeSignOut } from "../../session/sign-out";
import { DraftBuffer } from "./draft-buffer";
import type { DraftKeeper, DraftPorts } from "./draft-keeper";

const CHANNEL = "galerne.drafts";

const buffer = new DraftBuffer(browserStorage());
const keepers = new Set<DraftKeeper>();
const channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(CHANNEL) : null;

/** Drafts of this page: server, buffer in this browser, word to the other tabs. */
export const DRAFT_PORTS: DraftPorts = {
  fetchDraft,
  saveDraft: (key, draft, isLeaving) =>
    // While nobody is signed in the buffer takes it; asking again at each pause would be in the way.
    sessionExpiry.isExpired() ? Promise.reject(new Error("signed out")) : saveDraft(key, draft, isLeaving),
  buffer,
  tell: (key) => channel?.postMessage(key),
  now: () => Date.now(),
};

/** Calls `listener` when another tab has saved the draft of a conversation. */
export function onDraftSaved(listener: (key: string) => void): () => void {
  const onMessage = ({ data }: MessageEvent): void => {
    if (typeof data === "string") listener(data);
  };
  channel?.addEventListener("message", onMessage);
  return () => channel?.removeEventListener("message", onMessage);
}

/** Calls `listener` when somebody has signed in again. */
export function onSignedInAgain(listener: () => void): () => void {
  return sessionExpiry.subscribe(() => {
    if (!sessionExpiry.isExpired()) listener();
  });
}

/** Keeps a keeper in mind for sign-out, until the returned function is called. */
export function registerKeeper(keeper: DraftKeeper): () => void {
  keepers.add(keeper);
  return () => keepers.delete(keeper);
}

// At sign-out everything goes to the server first; what it has leaves the buffer by itself.
beforeSignOut(async () => {
  await Promise.all([...keepers].map((keeper) => keeper.flush()));
  await Promise.allSettled(buffer.keys().map(empty));
});

pageOwner.onForeign((isLeaving) => (isLeaving ? buffer.seal() : buffer.clear()));

/** Hands a waiting draft over. One of a conversation that is gone has no other place. */
async function empty(key: string): Promise<void> {
  const waiting = buffer.read(key);
  try {
    if (waiting !== null) await saveDraft(key, waiting, false);
  } catch (thrown) {
    if (failureOf(thrown).code !== "conversation.not_found") throw thrown;
  }
  buffer.remove(key);
}
