import type { KeyboardEvent } from "react";

/**
 * Enter sends, Shift+Enter starts a new line. A touch keyboard has no Shift+Enter, so there Enter
 * starts a new line.
 */
export function isSendKey(event: KeyboardEvent, hasTouchKeyboard: boolean): boolean {
  return event.key === "Enter" && !event.shiftKey && !hasTouchKeyboard && !isComposing(event);
}

/** A key that belongs to the composition of a character. Safari says so by the code 229. */
export function isComposing({ nativeEvent }: KeyboardEvent): boolean {
  return nativeEvent.isComposing || nativeEvent.keyCode === 229;
}
