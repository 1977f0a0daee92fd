import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";

import { failureOf, type Failure } from "../../../errors/failure";
import { fetchReceipt } from "../api/receipts";
import type { Receipt } from "../receipt";

export interface ReadReceipt {
  /** `null` until it is here. */
  receipt: Receipt | null;
  failure: Failure | null;
  retry: () => void;
}

/** The receipt of a request. It is asked for once: reading one leaves an entry in the log. */
export function useReceipt(requestId: string): ReadReceipt {
  const { data, error, refetch } = useQuery({
    queryKey: ["receipt", requestId],
    queryFn: ({ signal }) => fetchReceipt(requestId, signal),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return {
    receipt: data ?? null,
    failure: useMemo(() => (error === null ? null : failureOf(error)), [error]),
    retry: useCallback((): void => void refetch(), [refetch]),
  };
}
