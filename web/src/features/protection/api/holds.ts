import { readJson, send, sendJson } from "../../../api/client";
import type { Hold, HoldList, NewHold } from "../../../api/types";

const ROOT = "/v1/holds";

export async function fetchHolds(): Promise<Hold[]> {
  const { data } = await readJson<HoldList>(await send(ROOT));
  return data;
}

export async function placeHold(hold: NewHold): Promise<Hold> {
  return readJson(await sendJson("POST", ROOT, hold));
}

export async function liftHold(id: string): Promise<void> {
  await send(`${ROOT}/${encodeURIComponent(id)}`, { method: "DELETE" });
}
