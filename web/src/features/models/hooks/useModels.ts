import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";

import type { Model } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { fetchModels } from "../api/models";

export interface InstalledModels {
  /** `null` until they are known. */
  models: readonly Model[] | null;
  failure: Failure | null;
  retry: () => void;
}

/** The models that the server has. */
export function useModels(): InstalledModels {
  const { data, error, refetch } = useQuery({ queryKey: ["models"], queryFn: fetchModels });
  return {
    models: data ?? null,
    failure: useMemo(() => (error === null ? null : failureOf(error)), [error]),
    retry: useCallback((): void => void refetch(), [refetch]),
  };
}

/** How many tokens a model reads and writes together; `null` where that is not known. */
export function useContextTokens(id: string): number | null {
  const { models } = useModels();
  return models?.find((model) => model.id === id)?.max_context_length ?? null;
}
