import { readJson, send, sendJson } from "../../../api/client";
import type { CreatedKey, Key, KeyList, NewKey } from "../../../api/types";

export async function fetchKeys(): Promise<Key[]> {
  const { data } = await readJson<KeyList>(await send("/v1/keys"));
  return data;
}

/** The only answer that holds the whole key. */
export async function createKey(key: NewKey): Promise<CreatedKey> {
  return readJson(await sendJson("POST", "/v1/keys", key));
}

export async function revokeKey(id: string): Promise<void> {
  await send(`/v1/keys/${encodeURIComponent(id)}`, { method: "DELETE" });
}
