import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { failureOf, type Failure } from "../../../errors/failure";
import { fetchModels } from "../api/models";

export interface ModelChoice {
  /** Ids of the installed models; `null` until they are known. */
  models: string[] | null;
  /** The model that answers next; `null` when there is none. */
  chosen: string | null;
  choose: (model: string) => void;
  failure: Failure | null;
  retry: () => void;
}

export function useModels(): ModelChoice {
  const query = useQuery({ queryKey: ["models"], queryFn: fetchModels });
  const [wanted, setWanted] = useState<string | null>(null);
  const models = query.data?.map(({ id }) => id) ?? null;
  const isWantedHere = wanted !== null && models?.includes(wanted) === true;
  return {
    models,
    chosen: isWantedHere ? wanted : (models?.[0] ?? null),
    choose: setWanted,
    failure: query.error === null ? null : failureOf(query.error),
    retry: () => void query.refetch(),
  };
}
