// @vitest-environment node
import type { KeyboardEvent } from "react";
import { expect, test } from "vitest";

import { isSendKey } from "./composing";

test.each([
  ["Enter", {}, false, true],
  ["Enter with Shift", { shiftKey: true }, false, false],
  ["Enter of a touch keyboard", {}, true, false],
  ["Enter while a character is composed", { nativeEvent: { isComposing: true } }, false, false],
  ["another key", { key: "a" }, false, false],
])("%s sends or not", (_what, change, hasTouchKeyboard, sends) => {
  const nativeEvent = { isComposing: false, keyCode: 13 };
  const event = { key: "Enter", shiftKey: false, nativeEvent, ...change };
  expect(isSendKey(event as unknown as KeyboardEvent, hasTouchKeyboard)).toBe(sends);
});
