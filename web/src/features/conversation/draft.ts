import { sizeOf, type Attachment } from "./attachments";
import { utf8Length } from "./bytes";

/** What is typed and not sent. */
export interface Draft {
  text: string;
  attachments: readonly Attachment[];
  model: string | null;
}

/** A draft with the time of its last change, in milliseconds since 1970. */
export interface StoredDraft extends Draft {
  updatedAt: number;
}

export const EMPTY_DRAFT: Draft = { text: "", attachments: [], model: null };

/** The draft of the conversation that does not exist yet. */
export const NEW_DRAFT = "new";

/** The server keeps drafts up to 2 MiB: text, files and their names, a little less here. */
const DRAFT_BYTES_MAX = 2 * 1024 * 1024 - 128 * 1024;

export function isEmptyDraft({ text, attachments }: Draft): boolean {
  return text === "" && attachments.length === 0;
}

/** The newer of two drafts; the server's where they are of the same time. */
export function newerDraft(server: StoredDraft | null, here: StoredDraft | null): StoredDraft | null {
  if (server === null || here === null) return server ?? here;
  return here.updatedAt > server.updatedAt ? here : server;
}

/** The draft as far as it can be kept: its text, then files in their order while they fit. */
export function fittingDraft(draft: Draft): Draft {
  let bytes = utf8Length(draft.text);
  const attachments = draft.attachments.filter((file) => {
    const more = utf8Length(file.name) + sizeOf(file);
    if (bytes + more > DRAFT_BYTES_MAX) return false;
    bytes += more;
    return true;
  });
  return attachments.length === draft.attachments.length ? draft : { ...draft, attachments };
}

/** Two drafts in one: what was written first stands first. */
export function joinedDrafts(first: Draft, second: Draft): Draft {
  const texts = [first.text, second.text].filter((text) => text !== "");
  const attachments = [...first.attachments, ...second.attachments];
  return { text: texts.join("\n"), attachments, model: second.model ?? first.model };
}

/** Whether two drafts would put the same into the field. */
export function isSameDraft(one: Draft, other: Draft): boolean {
  return (
    one.text === other.text &&
    one.attachments.length === other.attachments.length &&
    one.attachments.every(({ name, text }, at) => {
      const file = other.attachments[at];
      return name === file?.name && text === file.text;
    })
  );
}

/** What is known when a draft arrives from elsewhere. */
export interface Arrival {
  draft: StoredDraft;
  /** When the draft here was last changed or taken over. */
  knownAt: number;
  /** The draft here has changes that are not saved. */
  isUnsaved: boolean;
  /** Something was typed here since the tab got the focus that it still has. */
  isBeingTyped: boolean;
}

/** Whether a draft from elsewhere takes the place of the one here: the newer one, and never under a hand that types. */
export function takesOver({ draft, knownAt, isUnsaved, isBeingTyped }: Arrival): boolean {
  return !isUnsaved && !isBeingTyped && draft.updatedAt > knownAt;
}
