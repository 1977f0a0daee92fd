import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import type { NewOpening, Opening } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { agreeToOpening, askForOpening, closeOpening, fetchOpenings } from "../api/openings";

const OPENINGS_KEY = ["openings"] as const;

export interface OpeningsControl {
  /** The newest first; `null` until they are here. */
  openings: readonly Opening[] | null;
  isLooking: boolean;
  failure: Failure | null;
  /** Reads the list anew; each look leaves an entry in the log. */
  refresh: () => void;
  ask: (wish: NewOpening) => Promise<void>;
  agree: (id: string) => Promise<void>;
  close: (id: string) => Promise<void>;
}

/** Who asked for whose conversations, as far as it concerns whoever looks. */
export function useOpenings(): OpeningsControl {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: OPENINGS_KEY,
    queryFn: fetchOpenings,
    refetchOnMount: "always",
  });
  const commands = useMemo(() => {
    const keep = (changed: Opening): void => {
      client.setQueryData<Opening[]>(OPENINGS_KEY, (before = []) =>
        before.some(({ id }) => id === changed.id)
          ? before.map((opening) => (opening.id === changed.id ? changed : opening))
          : [changed, ...before],
      );
    };
    const refresh = (): void => void client.invalidateQueries({ queryKey: OPENINGS_KEY });
    /** Whoever is refused sees how it is by now. */
    const attempt = async (change: () => Promise<Opening>): Promise<void> => {
      try {
        keep(await change());
      } catch (thrown) {
        if (failureOf(thrown).code.startsWith("opening.")) refresh();
        throw thrown;
      }
    };
    return {
      refresh,
      ask: (wish: NewOpening) => attempt(() => askForOpening(wish)),
      agree: (id: string) => attempt(() => agreeToOpening(id)),
      close: (id: string) => attempt(() => closeOpening(id)),
    };
  }, [client]);
  return {
    openings: query.data ?? null,
    isLooking: query.isFetching,
    failure: query.error === null ? null : failureOf(query.error),
    ...commands,
  };
}
