/** Receipts of the stand-in server: the form is the real one, the signature is none. */
import { USAGE } from "./fake-conversations.mjs";

export const ORIGIN = "ai.example.org/log";

export function receiptOf(requestId) {
  const statement = {
    action: "chat.complete",
    at: 1_795_308_216_508_745,
    content: null,
    documents: [],
    emissions: {
      grams_co2e: USAGE.co2e_grams,
      grid_factor: { grams_per_kwh: 33, source: "A table", uncertainty_percent: 9, year: 2022 },
      method: USAGE.co2e_method,
      uncertainty_percent: USAGE.co2e_uncertainty_percent,
    },
    energy: {
      joules: USAGE.energy_joules,
      method: USAGE.energy_method,
      uncertainty_percent: USAGE.energy_uncertainty_percent,
    },
    engine: { commit: null, cpu_path: "avx512-vnni", kv_cache_type: "f16", version: "0.1.0" },
    issued_at: 1_795_308_221_000_000,
    log: { checkpoint: "", entry: "{}", inclusion: [], index: 1234, origin: ORIGIN },
    model: { digest: `sha256:${"2e8040ce".repeat(8)}`, id: "first-model" },
    organisation: null,
    outcome: "finished",
    policy: null,
    project: null,
    request: requestId,
    response: `chatcmpl-${requestId}`,
    site: {
      country: "FR",
      grid_zone: "FR",
      name: "local",
      operator: "Exemple SAS",
      operator_country: "FR",
      parent_country: null,
      source: "declared",
    },
    tokens: { completion: USAGE.completion_tokens, prompt: USAGE.prompt_tokens },
  };
  const line = JSON.stringify(statement);
  return `galerne receipt v1\n${line}\n\n\u2014 ${ORIGIN} bm90IGEgc2lnbmF0dXJl\n`;
}
