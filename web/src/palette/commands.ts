import type { IconName } from "../icons/Icon";

export interface Command {
  id: string;
  text: string;
  icon: IconName;
  /** Words of other languages and other names by which it is found too. */
  also?: string;
  /** Keys that do the same. */
  keys?: string;
  run: () => void;
}

/**
 * The commands in which every word of the query begins some word, whatever the case and the
 * accents. All of them where nothing is typed.
 */
export function findCommands(commands: readonly Command[], query: string): Command[] {
  const wanted = wordsOf(query);
  return commands.filter(({ text, also = "" }) => {
    const words = wordsOf(`${text} ${also}`);
    return wanted.every((part) => words.some((word) => word.startsWith(part)));
  });
}

function wordsOf(text: string): string[] {
  const plain = text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase();
  return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
}
