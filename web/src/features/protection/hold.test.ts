// @vitest-environment node
import { expect, test } from "vitest";

import type { Hold } from "../../api/types";
import { holdOver, referenceFrom } from "./hold";

const HOLD: Hold = {
  id: "own",
  account: "anne",
  reason: "litigation",
  reference: "RG 26/01234",
  placed_at: "2026-11-20T08:00:00Z",
};
const OF_ALL: Hold = { ...HOLD, id: "all", account: null };
const lifted = (hold: Hold): Hold => ({ ...hold, lifted_at: "2026-11-21T08:00:00Z" });

test.each([
  ["there is none", [], null],
  ["it covers the account", [HOLD], "own"],
  ["it covers somebody else", [{ ...HOLD, account: "bob" }], null],
  ["it covers the organisation", [OF_ALL], "all"],
  ["it is lifted", [lifted(HOLD), lifted(OF_ALL)], null],
  ["one is lifted and the other is not", [lifted(HOLD), OF_ALL], "all"],
])("which hold is over an account: %s", (_what, holds, expected) => {
  expect(holdOver(holds, { id: "anne" })?.id ?? null).toBe(expected);
});

test.each([
  ["", null],
  ["   ", null],
  ["  RG 26/01234 ", "RG 26/01234"],
  ["two\nlines", null],
  ["é".repeat(200), "é".repeat(200)],
  ["é".repeat(201), null],
])("the reference %j", (typed, expected) => {
  expect(referenceFrom(typed)).toBe(expected);
});
