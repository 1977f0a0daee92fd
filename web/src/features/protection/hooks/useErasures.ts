import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import type { Erasure } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { fetchErasure, fetchErasures, orderErasure } from "../api/erasures";
import { isDone, type ErasureReason } from "../erasure";

const ERASURES_KEY = ["erasures"] as const;

/** So often what is under way is looked at; each look leaves an entry in the log. */
const LOOK_MS = 5000;

export interface ErasuresControl {
  /** The newest first; `null` until they are here. */
  erasures: readonly Erasure[] | null;
  failure: Failure | null;
  refresh: () => void;
}

/** Who was erased, read anew each time that somebody looks, and while something is under way. */
export function useErasures(): ErasuresControl {
  const query = useQuery({
    queryKey: ERASURES_KEY,
    queryFn: fetchErasures,
    refetchOnMount: "always",
    refetchInterval: ({ state }) => (state.data?.every(isDone) === false ? LOOK_MS : false),
  });
  return {
    erasures: query.data ?? null,
    failure: query.error === null ? null : failureOf(query.error),
    refresh: () => void query.refetch(),
  };
}

/** Gives the order to erase an account. */
export function useErasing(): (account: string, reason: ErasureReason) => Promise<Erasure> {
  const client = useQueryClient();
  return useMemo(
    () => async (account, reason) => {
      try {
        return await orderErasure(account, reason);
      } finally {
        refreshAll(client);
      }
    },
    [client],
  );
}

/** One order, looked at until it is done. */
export function useErasure(ordered: Erasure): { erasure: Erasure; failure: Failure | null } {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ["erasure", ordered.id],
    queryFn: () => fetchErasure(ordered.id),
    initialData: ordered,
    refetchInterval: ({ state }) => (isDone(state.data ?? ordered) ? false : LOOK_MS),
  });
  const isOver = isDone(query.data);
  useEffect(() => {
    if (isOver) refreshAll(client);
  }, [isOver, client]);
  return {
    erasure: query.data,
    failure: query.error === null ? null : failureOf(query.error),
  };
}

/** Lists that name the account, or what came of the order. */
function refreshAll(client: ReturnType<typeof useQueryClient>): void {
  for (const key of ["erasures", "accounts", "data-subjects", "holds"]) {
    void client.invalidateQueries({ queryKey: [key] });
  }
}
