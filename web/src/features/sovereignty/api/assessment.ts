import { readJson, send } from "../../../api/client";
import type { SovereigntyReport } from "../../../api/types";

/** Has the server assess itself, now. */
export async function fetchAssessment(): Promise<SovereigntyReport> {
  return readJson(await send("/v1/sovereignty/assessment"));
}
