import { expect, test } from "vitest";

import { SAMPLE_REPORT } from "./testing/report";
import { VERDICTS, byVerdict, checksFor, conclusionOf, segmentsOf, verdictOf } from "./assessment";

test.each([
  ["passed", "passed"],
  ["ok", "passed"],
  ["failed", "failed"],
  ["FAIL", "failed"],
  ["not applicable", "notApplicable"],
  ["not measured", "notMeasured"],
  ["something of a later server", "notMeasured"],
])("%s is %s", (word, verdict) => {
  expect(verdictOf(word)).toBe(verdict);
});

test("an unknown end is no good one", () => {
  expect(conclusionOf({ ...SAMPLE_REPORT, conclusion: "splendid" })).toBe("notMeasured");
  expect(conclusionOf({ ...SAMPLE_REPORT, conclusion: "knock-out" })).toBe("knockOut");
});

test("shares lie side by side and are never mixed", () => {
  const [objective] = SAMPLE_REPORT.objectives;
  if (objective === undefined) throw new Error("the sample has objectives");
  const shares = { ...objective, proved: 0.5, assisted: 0, declared: 0.25, missing: 0.25 };
  expect(segmentsOf(shares)).toEqual([
    { share: "proved", start: 0, length: 50 },
    { share: "declared", start: 50, length: 25 },
  ]);
});

test("a text shows its own checks, each once", () => {
  const [framework] = SAMPLE_REPORT.frameworks;
  if (framework === undefined) throw new Error("the sample has frameworks");
  const found = checksFor(SAMPLE_REPORT, framework);
  const named = new Set(framework.criteria.flatMap(({ checks }) => checks));
  expect(found.map(({ id }) => id).sort()).toEqual([...named].sort());
  expect(checksFor(SAMPLE_REPORT, null)).toHaveLength(SAMPLE_REPORT.checks.length);
});

test("what is wrong comes first, and knock-outs before the rest of it", () => {
  const groups = byVerdict(SAMPLE_REPORT.checks);
  expect([...groups.keys()]).toEqual(VERDICTS.filter((verdict) => groups.has(verdict)));
  const failed = groups.get("failed") ?? [];
  const firstOther = failed.findIndex((check) => !check.knock_out);
  expect(failed.slice(firstOther).every((check) => !check.knock_out)).toBe(true);
  const all = [...groups.values()].flat();
  expect(all).toHaveLength(SAMPLE_REPORT.checks.length);
});
