// @vitest-environment node
import { expect, test } from "vitest";

import type { Usage } from "../../api/types";
import { USAGE } from "./testing/entries";
import { fillsContext, isSameUsage, sumOfUsages } from "./usage";

test("nothing has no sum, and one part is its own", () => {
  expect(sumOfUsages([])).toBeNull();
  expect(sumOfUsages([USAGE])).toBe(USAGE);
});

test("parts add up; the weakest method and the larger errors hold", () => {
  const other: Usage = {
    ...USAGE,
    energy_joules: 300,
    energy_method: "estimated",
    energy_uncertainty_percent: 30,
  };
  expect(sumOfUsages([USAGE, other])).toMatchObject({
    prompt_tokens: 20,
    completion_tokens: 40,
    total_tokens: 60,
    energy_joules: 400,
    energy_method: "estimated",
    energy_uncertainty_percent: (100 * 8 + 300 * 30) / 400,
    co2e_grams: 4,
    co2e_method: "modelled",
    co2e_uncertainty_percent: 40,
  });
});

test("no energy has no share of an error", () => {
  const none = { ...USAGE, energy_joules: 0 };
  expect(sumOfUsages([none, none])?.energy_uncertainty_percent).toBe(0);
});

test("two counts are the same if they say the same", () => {
  expect(isSameUsage(USAGE, { ...USAGE })).toBe(true);
  expect(isSameUsage(USAGE, { ...USAGE, energy_joules: 1 })).toBe(false);
  expect([isSameUsage(null, USAGE), isSameUsage(null, null)]).toEqual([false, true]);
});

test.each([
  [29, true],
  [30, true],
  [31, false],
  [null, false],
])("30 tokens fill a context of %s: %s", (contextTokens, isFull) => {
  expect(fillsContext(USAGE, contextTokens)).toBe(isFull);
  expect(fillsContext(null, contextTokens)).toBe(false);
});
