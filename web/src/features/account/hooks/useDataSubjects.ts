import { useQuery } from "@tanstack/react-query";

import type { Account } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { fetchDataSubjects } from "../api/accounts";

export interface DataSubjects {
  /** `null` until they are here. */
  accounts: readonly Account[] | null;
  failure: Failure | null;
  retry: () => void;
}

/** Whom an opening, a hold or an erasure can concern; asked for by those who may know it. */
export function useDataSubjects(isAllowed: boolean): DataSubjects {
  const query = useQuery({
    queryKey: ["data-subjects"],
    queryFn: fetchDataSubjects,
    enabled: isAllowed,
    refetchOnMount: "always",
  });
  return {
    accounts: query.data ?? null,
    failure: query.error === null ? null : failureOf(query.error),
    retry: () => void query.refetch(),
  };
}
