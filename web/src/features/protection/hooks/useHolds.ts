import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import type { Hold, NewHold } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { fetchHolds, liftHold, placeHold } from "../api/holds";

const HOLDS_KEY = ["holds"] as const;

export interface HoldsControl {
  /** The newest first; `null` until they are here. */
  holds: readonly Hold[] | null;
  failure: Failure | null;
  refresh: () => void;
  place: (hold: NewHold) => Promise<void>;
  lift: (id: string) => Promise<void>;
}

/** What must not be removed, read anew each time that somebody looks. */
export function useHolds(): HoldsControl {
  const client = useQueryClient();
  const query = useQuery({ queryKey: HOLDS_KEY, queryFn: fetchHolds, refetchOnMount: "always" });
  const commands = useMemo(() => {
    const refresh = (): void => void client.invalidateQueries({ queryKey: HOLDS_KEY });
    /** Whoever is refused sees how it is by now. */
    const attempt = async (change: () => Promise<unknown>): Promise<void> => {
      try {
        await change();
      } finally {
        refresh();
      }
    };
    return {
      refresh,
      place: (hold: NewHold) => attempt(() => placeHold(hold)),
      lift: (id: string) => attempt(() => liftHold(id)),
    };
  }, [client]);
  return {
    holds: query.data ?? null,
    failure: query.error === null ? null : failureOf(query.error),
    ...commands,
  };
}
