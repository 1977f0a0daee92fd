import { readJson, send, sendJson } from "../../../api/client";
import type { Erasure, ErasureList } from "../../../api/types";
import type { ErasureReason } from "../erasure";

export async function fetchErasures(): Promise<Erasure[]> {
  const { data } = await readJson<ErasureList>(await send("/v1/erasures"));
  return data;
}

export async function fetchErasure(id: string): Promise<Erasure> {
  return readJson(await send(`/v1/erasures/${encodeURIComponent(id)}`));
}

/** Orders it; what comes back is done, or goes on by itself. */
export async function orderErasure(account: string, reason: ErasureReason): Promise<Erasure> {
  const path = `/v1/accounts/${encodeURIComponent(account)}/erasure`;
  return readJson(await sendJson("POST", path, { reason }));
}
