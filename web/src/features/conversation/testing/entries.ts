import type { Usage } from "../../../api/types";
import type { Entry } from "../entry";

/** A count for tests. */
export const USAGE: Usage = {
  prompt_tokens: 10,
  completion_tokens: 20,
  total_tokens: 30,
  energy_joules: 100,
  energy_method: "measured",
  energy_uncertainty_percent: 8,
  co2e_grams: 2,
  co2e_method: "modelled",
  co2e_uncertainty_percent: 40,
  grid_factor_grams_per_kwh: 33,
  grid_factor_year: 2022,
  grid_factor_source: "s",
  grid_zone: "FR",
  site: "local",
};

/** A question for tests. */
export function question(id: string, parent: string | null, text = id): Entry {
  return {
    id,
    key: id,
    parent,
    author: "user",
    text,
    attachments: [],
    model: "",
    state: "complete",
    usage: null,
    requestId: null,
    failure: null,
  };
}

/** An answer for tests. */
export function answer(id: string, parent: string, rest: Partial<Entry> = {}): Entry {
  return { ...question(id, parent), author: "assistant", model: "m", ...rest };
}
