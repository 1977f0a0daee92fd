import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { afterKeystroke, isTyping } from "./typing";

const FRAME_MS = 16;

beforeEach(() => {
  vi.useFakeTimers();
  vi.advanceTimersByTime(1000);
});

afterEach(() => {
  vi.useRealTimers();
});

function press(): void {
  window.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }));
}

test("somebody types until no key has been pressed for a while", () => {
  expect(isTyping()).toBe(false);
  press();
  expect(isTyping()).toBe(true);
  vi.advanceTimersByTime(299);
  expect(isTyping()).toBe(true);
  vi.advanceTimersByTime(1);
  expect(isTyping()).toBe(false);
});

test("an action waits until the next keystroke has been drawn", () => {
  const action = vi.fn();
  afterKeystroke(action);
  vi.advanceTimersByTime(100);
  press();
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(FRAME_MS + 1);
  expect(action).toHaveBeenCalledTimes(1);
  press();
  vi.advanceTimersByTime(1000);
  expect(action).toHaveBeenCalledTimes(1);
});

test("an action does not wait for a keystroke that does not come", () => {
  const action = vi.fn();
  afterKeystroke(action);
  vi.advanceTimersByTime(300);
  expect(action).toHaveBeenCalledTimes(1);
});

test.each([
  ["before a keystroke", (): void => undefined],
  ["after a keystroke", press],
  [
    "between a keystroke's frame and the task after it",
    (): void => {
      press();
      vi.advanceTimersToNextFrame();
    },
  ],
])("an action can be cancelled %s", (_when, before) => {
  const action = vi.fn();
  const cancel = afterKeystroke(action);
  before();
  cancel();
  vi.advanceTimersByTime(1000);
  press();
  vi.advanceTimersByTime(1000);
  expect(action).not.toHaveBeenCalled();
});
