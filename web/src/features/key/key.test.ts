// @vitest-environment node
import { expect, test } from "vitest";

import { daysFrom, stateOf } from "./key";

test.each([
  ["90", 90],
  [" 1 ", 1],
  ["3650", 3650],
  ["٩٠", 90],
  ["۹۰", 90],
  ["९०", 90],
  ["", "none"],
  ["  ", "none"],
  ["0", null],
  ["3651", null],
  ["-1", null],
  ["1.5", null],
  ["ninety", null],
  ["൯൦", null],
])("%j is %j days", (typed, expected) => {
  expect(daysFrom(typed)).toBe(expected);
});

const NOW = Date.parse("2026-11-22T12:00:00Z");

test.each([
  [{}, "good"],
  [{ expires_at: null, revoked_at: null }, "good"],
  [{ expires_at: "2026-11-22T12:00:01Z" }, "good"],
  [{ expires_at: "2026-11-22T12:00:00Z" }, "ended"],
  [{ expires_at: "2026-11-22T12:00:00Z", revoked_at: "2026-11-21T00:00:00Z" }, "revoked"],
])("a key with %j is %s", (times, expected) => {
  const key = { id: "key_1", name: "ci", permissions: [], created_at: "", ...times };
  expect(stateOf(key, NOW)).toBe(expected);
});
