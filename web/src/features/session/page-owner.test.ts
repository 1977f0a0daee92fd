import { expect, test } from "vitest";

import { PageOwner } from "./page-owner";

function open(stored: string | null) {
  const events: string[] = [];
  let kept = stored;
  const owner = new PageOwner({
    storage: { getItem: () => kept, setItem: (_key, id) => void (kept = id) },
    leave: () => events.push("leave"),
  });
  owner.onForeign((isLeaving) => events.push(isLeaving ? "seal" : "clear"));
  return { owner, events, kept: () => kept };
}

test.each([
  [null, []],
  ["anne", []],
  ["bela", ["clear"]],
])("a page that opens where %s was before", (stored, expected) => {
  const { owner, events, kept } = open(stored);
  expect(owner.claim("anne")).toBe(true);
  expect(events).toEqual(expected);
  expect(kept()).toBe("anne");
});

test("the same person may sign in again over the page, another one gets a new page", () => {
  const { owner, events, kept } = open(null);
  owner.claim("anne");
  expect(owner.claim("anne")).toBe(true);
  expect(events).toEqual([]);
  expect(owner.claim("bela")).toBe(false);
  expect(events).toEqual(["seal", "leave"]);
  expect(kept()).toBe("bela");
});

test.each([
  ["galerne.account", "bela", ["seal", "leave"]],
  ["galerne.account", "anne", []],
  ["galerne.account", null, []],
  ["galerne.theme", "dark", []],
])("another tab writes %s = %s", (key, value, expected) => {
  const { owner, events } = open(null);
  owner.hear("galerne.account", "bela");
  owner.claim("anne");
  owner.hear(key, value);
  expect(events).toEqual(expected);
});
