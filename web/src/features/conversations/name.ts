import { withoutHidden } from "../../format/bidi";
import type { Messages } from "../../messages/messages";

export interface ShownName {
  /** Empty where nothing readable is left. */
  text: string;
  /** Whether the name held characters that hide how it reads. */
  isChanged: boolean;
}

/** A name as it may be shown. */
export function shownName(name: string): ShownName {
  const text = withoutHidden(name);
  return { text: text.replace(/\s+/gu, " ").trim(), isChanged: text !== name };
}

/** What a conversation is called, also where it has no name (yet). */
export function nameOrUntitled(name: string | null, { conversations }: Messages): string {
  return shownName(name ?? "").text || conversations.untitled;
}
