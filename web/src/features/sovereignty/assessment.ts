import type {
  SovereigntyCheck,
  SovereigntyFramework,
  SovereigntyObjective,
  SovereigntyReport,
} from "../../api/types";

/** What became of a check, worst first. */
export const VERDICTS = ["failed", "notMeasured", "passed", "notApplicable"] as const;

export type Verdict = (typeof VERDICTS)[number];

/** What a score rests on, the strongest first. They are never added up without being said. */
export const SHARES = ["proved", "assisted", "declared"] as const;

export type Share = (typeof SHARES)[number];

export type Conclusion = "passed" | "gateFailed" | "knockOut" | "notMeasured";

/** A word that this page does not know is no good news. */
export function verdictOf(word: string): Verdict {
  switch (word) {
    case "passed":
      return "passed";
    case "failed":
    case "FAIL":
      return "failed";
    case "not applicable":
      return "notApplicable";
    case "ok":
      return "passed";
    default:
      return "notMeasured";
  }
}

export function conclusionOf({ conclusion }: SovereigntyReport): Conclusion {
  switch (conclusion) {
    case "passed":
      return "passed";
    case "gate failed":
      return "gateFailed";
    case "knock-out":
      return "knockOut";
    default:
      return "notMeasured";
  }
}

/** The checks that speak for a text; all of them without one. */
export function checksFor(
  { checks }: SovereigntyReport,
  framework: SovereigntyFramework | null,
): SovereigntyCheck[] {
  if (framework === null) return checks;
  const named = new Set(framework.criteria.flatMap((criterion) => criterion.checks));
  return checks.filter(({ id }) => named.has(id));
}

/** By what became of them; of those that are alike, knock-outs and many points first. */
export function byVerdict(checks: readonly SovereigntyCheck[]): Map<Verdict, SovereigntyCheck[]> {
  const groups = new Map<Verdict, SovereigntyCheck[]>();
  for (const verdict of VERDICTS) {
    const found = checks.filter((check) => verdictOf(check.verdict) === verdict);
    found.sort((a, b) => costOf(b) - costOf(a));
    if (found.length > 0) groups.set(verdict, found);
  }
  return groups;
}

function costOf({ knock_out: isKnockOut, points }: SovereigntyCheck): number {
  return (isKnockOut ? 1000 : 0) + points;
}

/** A part of the bar of an objective, in hundredths of its length. */
export interface Segment {
  share: Share;
  start: number;
  length: number;
}

/** The shares side by side; what nothing shows is what remains. */
export function segmentsOf(objective: SovereigntyObjective): Segment[] {
  let start = 0;
  return SHARES.flatMap((share) => {
    const length = Math.round(objective[share] * 10_000) / 100;
    const segment = { share, start, length };
    start += length;
    return length > 0 ? [segment] : [];
  });
}
