import { readJson, send } from "../../../api/client";
import type { Model, ModelList } from "../../../api/types";

/** The models that answer on this server. */
export async function fetchModels(): Promise<Model[]> {
  const { data } = await readJson<ModelList>(await send("/v1/models"));
  return data;
}
