import type { Usage } from "../../api/types";
import type { Failure } from "../../errors/failure";
import type { EntryState, WireChunk, WireEntry } from "./api/wire";
import type { Attachment } from "./attachments";

/** A question as a person asks it. */
export interface Question {
  text: string;
  attachments: readonly Attachment[];
}

/** One entry of the tree: a question, or (a part of) an answer. It is never changed in place. */
export interface Entry {
  id: string;
  /** Names the entry in this tab for good: the id may come later than the entry. */
  key: string;
  parent: string | null;
  author: "user" | "assistant";
  text: string;
  attachments: readonly Attachment[];
  model: string;
  state: EntryState;
  usage: Usage | null;
  /** What the receipt of an answer is asked by; `null` until the server has said it. */
  requestId: string | null;
  /** Why a failed answer failed. */
  failure: Failure | null;
}

export function isRunning({ state }: Pick<Entry, "state">): boolean {
  return state === "running";
}

/** The page's form of an entry of the server. */
export function entryFrom(wire: WireEntry): Entry {
  const common = { id: wire.id, key: wire.id, parent: wire.parent_id };
  if (wire.type === "message.input") {
    return { ...common, author: "user", ...questionFrom(wire.content), ...FIXED };
  }
  return {
    ...common,
    author: "assistant",
    text: wire.content,
    attachments: [],
    model: wire.model,
    state: wire.state,
    usage: wire.usage,
    requestId: wire.request_id,
    failure: wire.error_code === null ? null : failureOfCode(wire.error_code),
  };
}

/** A failure of which only the code is known; its text comes from the messages of the page. */
export function failureOfCode(code: string, message = ""): Failure {
  return { code, message, hint: "", retryAfterSeconds: null };
}

const FIXED = {
  model: "",
  state: "complete",
  usage: null,
  requestId: null,
  failure: null,
} as const;

function questionFrom(content: string | readonly WireChunk[]): Question {
  if (typeof content === "string") return { text: content, attachments: [] };
  const texts: string[] = [];
  const attachments: Attachment[] = [];
  for (const { text, file_name: name } of content) {
    if (name == null) texts.push(text);
    else attachments.push({ name, text });
  }
  return { text: texts.join("\n"), attachments };
}
