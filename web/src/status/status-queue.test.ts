import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { ANNOUNCEMENT_GAP_MS, StatusQueue } from "./status-queue";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("announcements keep their order and a gap", () => {
  const shown: string[] = [];
  const queue = new StatusQueue((text) => shown.push(text));
  queue.announce("started");
  queue.announce("complete");
  vi.advanceTimersByTime(1);
  expect(shown).toEqual(["started"]);
  vi.advanceTimersByTime(ANNOUNCEMENT_GAP_MS - 2);
  expect(shown).toEqual(["started"]);
  vi.advanceTimersByTime(2);
  expect(shown).toEqual(["started", "complete"]);
  vi.advanceTimersByTime(ANNOUNCEMENT_GAP_MS);
  queue.announce("started");
  vi.advanceTimersByTime(1);
  expect(shown).toEqual(["started", "complete", "started"]);
});
