import { useState, type ClipboardEvent, type DragEvent } from "react";

import { FILE_BYTES_MAX, PASTE_CHARACTERS_MAX } from "../attachments";
import { utf8Length } from "../bytes";

/** Text that was too long for the field. */
export interface LargePaste {
  bytes: number;
  /** The text, where it is short enough to go along as a file. */
  text: string | null;
}

/**
 * Keeps long text out of the field, which would freeze under it. What was typed stays; the text
 * is offered as a file where that is possible.
 */
export function useLargePaste(length: number) {
  const [refused, setRefused] = useState<LargePaste | null>(null);
  const take = (text: string): boolean => {
    if (text.length + length <= PASTE_CHARACTERS_MAX) return false;
    const bytes = utf8Length(text);
    setRefused({ bytes, text: bytes <= FILE_BYTES_MAX ? text : null });
    return true;
  };
  const handlers = {
    onPaste: (event: ClipboardEvent): void => {
      if (take(event.clipboardData.getData("text/plain"))) event.preventDefault();
    },
    onDrop: (event: DragEvent): void => {
      if (take(event.dataTransfer.getData("text/plain"))) event.preventDefault();
    },
  };
  return { refused, dismiss: () => setRefused(null), handlers };
}
