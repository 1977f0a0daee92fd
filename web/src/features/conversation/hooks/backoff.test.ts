import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Backoff, delayAfter } from "./backoff";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("waits double from half a second to eight", () => {
  expect([1, 2, 3, 4, 5, 6, 20].map(delayAfter)).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("a wait ends early when it is woken, or with its signal", async () => {
  const backoff = new Backoff();
  const closing = new AbortController();
  const ends: string[] = [];
  const wait = (name: string): void => void backoff.wait(closing.signal).then(() => ends.push(name));
  wait("slept");
  await vi.advanceTimersByTimeAsync(500);
  wait("woken");
  backoff.wake();
  await vi.advanceTimersByTimeAsync(0);
  wait("closed");
  closing.abort();
  await vi.advanceTimersByTimeAsync(0);
  expect(ends).toEqual(["slept", "woken", "closed"]);
  expect(vi.getTimerCount()).toBe(0);
});
