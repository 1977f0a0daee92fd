// @vitest-environment node
import { describe, expect, test } from "vitest";

import {
  fittingDraft,
  isSameDraft,
  joinedDrafts,
  newerDraft,
  takesOver,
  type StoredDraft,
} from "./draft";

function draft(text: string, updatedAt: number): StoredDraft {
  return { text, attachments: [], model: null, updatedAt };
}

test.each([
  [null, null, null],
  [draft("s", 1), null, "s"],
  [null, draft("h", 1), "h"],
  [draft("s", 2), draft("h", 1), "s"],
  [draft("s", 1), draft("h", 2), "h"],
  [draft("s", 1), draft("h", 1), "s"],
])("of %j and %j the newer one counts", (server, here, text) => {
  expect(newerDraft(server, here)?.text ?? null).toBe(text);
});

describe("a draft from elsewhere", () => {
  const arrival = { draft: draft("x", 5), knownAt: 4, isUnsaved: false, isBeingTyped: false };
  test.each([
    ["takes over when it is newer", {}, true],
    ["does not when it is as old", { knownAt: 5 }, false],
    ["does not replace what is not saved", { isUnsaved: true }, false],
    ["does not come under a hand that types", { isBeingTyped: true }, false],
  ])("%s", (_name, change, expected) => {
    expect(takesOver({ ...arrival, ...change })).toBe(expected);
  });
});

test("a draft keeps its text, and its files while they fit", () => {
  const attachments = ["a", "b", "c"].map((name) => ({ name, text: name.repeat(900_000) }));
  const kept = fittingDraft({ text: "t", attachments, model: null });
  expect(kept.attachments.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(kept.text).toBe("t");
  const small = { text: "t", attachments: [], model: null };
  expect(fittingDraft(small)).toBe(small);
});

test("two drafts are joined without an empty line", () => {
  const join = (first: string, second: string): string =>
    joinedDrafts(draft(first, 1), draft(second, 2)).text;
  expect([join("a", "b"), join("", "b"), join("a", ""), join("", "")]).toEqual(["a\nb", "b", "a", ""]);
});

test("drafts are the same by text and files", () => {
  const file = { name: "n", text: "x" };
  const one = { text: "t", attachments: [file], model: "m" };
  expect(isSameDraft(one, { ...one, attachments: [{ ...file }], model: null })).toBe(true);
  expect(isSameDraft(one, { ...one, attachments: [] })).toBe(false);
  expect(isSameDraft(one, { ...one, attachments: [{ ...file, text: "y" }] })).toBe(false);
});
