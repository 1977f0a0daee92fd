import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { TextBatch } from "./text-batch";

const FRAME_MS = 16;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("pieces of one frame are handed over together", () => {
  const texts: string[] = [];
  const batch = new TextBatch((text) => texts.push(text));
  batch.add("a");
  batch.add("b");
  expect(texts).toEqual([]);
  vi.advanceTimersByTime(FRAME_MS);
  expect(texts).toEqual(["ab"]);
});

test("after a slow frame the page rests twice as long, and nothing is lost", () => {
  const texts: string[] = [];
  const batch = new TextBatch((text) => {
    texts.push(text);
    vi.setSystemTime(Date.now() + 50);
    vi.advanceTimersByTime(50);
  });
  batch.add("a");
  vi.advanceTimersByTime(FRAME_MS);
  expect(texts).toEqual(["a"]);
  vi.advanceTimersByTime(1);
  batch.add("b");
  vi.advanceTimersByTime(60);
  expect(texts).toEqual(["a"]);
  batch.add("c");
  vi.advanceTimersByTime(60);
  expect(texts).toEqual(["a", "bc"]);
});

test("what is there can be taken at once", () => {
  const texts: string[] = [];
  const batch = new TextBatch((text) => texts.push(text));
  batch.add("a");
  batch.flush();
  expect(texts).toEqual(["a"]);
  vi.advanceTimersByTime(1000);
  expect(texts).toEqual(["a"]);
});
