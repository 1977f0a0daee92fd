import type { Method, Usage } from "../../api/types";

/** How little a method says, worst last. */
const METHODS: readonly Method[] = ["measured", "modelled", "estimated"];

/**
 * What several parts of an answer used together. The method is the weakest of theirs, and the
 * uncertainties add up as if they all erred to the same side: never less than the truth.
 */
export function sumOfUsages(usages: readonly Usage[]): Usage | null {
  const last = usages.at(-1);
  if (last === undefined) return null;
  if (usages.length === 1) return last;
  const sum = (value: (usage: Usage) => number): number =>
    usages.reduce((total, usage) => total + value(usage), 0);
  const energy = sum((usage) => usage.energy_joules);
  const emissions = sum((usage) => usage.co2e_grams);
  return {
    ...last,
    prompt_tokens: sum((usage) => usage.prompt_tokens),
    completion_tokens: sum((usage) => usage.completion_tokens),
    total_tokens: sum((usage) => usage.total_tokens),
    energy_joules: energy,
    energy_method: weakest(usages.map((usage) => usage.energy_method)),
    energy_uncertainty_percent: share(
      sum((usage) => usage.energy_joules * usage.energy_uncertainty_percent),
      energy,
    ),
    co2e_grams: emissions,
    co2e_method: weakest(usages.map((usage) => usage.co2e_method)),
    co2e_uncertainty_percent: share(
      sum((usage) => usage.co2e_grams * usage.co2e_uncertainty_percent),
      emissions,
    ),
  };
}

/** Whether an answer reached all that its model reads and writes together: it cannot go on. */
export function fillsContext(usage: Usage | null, contextTokens: number | null): boolean {
  return usage !== null && contextTokens !== null && usage.total_tokens >= contextTokens;
}

/** Whether two counts say the same. */
export function isSameUsage(one: Usage | null, other: Usage | null): boolean {
  if (one === null || other === null) return one === other;
  const names = Object.keys({ ...one, ...other }) as (keyof Usage)[];
  return names.every((name) => one[name] === other[name]);
}

function weakest(methods: readonly Method[]): Method {
  const ranks = methods.map((method) => METHODS.indexOf(method));
  return METHODS[Math.max(...ranks)] ?? "estimated";
}

function share(weighted: number, total: number): number {
  return total === 0 ? 0 : weighted / total;
}
