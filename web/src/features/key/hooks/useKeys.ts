import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import type { CreatedKey, Key, NewKey } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { createKey, fetchKeys, revokeKey } from "../api/keys";

const KEYS_KEY = ["keys"] as const;

export interface KeysControl {
  /** `null` until they are here. */
  keys: readonly Key[] | null;
  failure: Failure | null;
  retry: () => void;
  create: (key: NewKey) => Promise<CreatedKey>;
  revoke: (id: string) => Promise<void>;
}

/** The API keys of whoever is signed in. A whole key is never kept here. */
export function useKeys(): KeysControl {
  const client = useQueryClient();
  const query = useQuery({ queryKey: KEYS_KEY, queryFn: fetchKeys, refetchOnMount: "always" });
  const commands = useMemo(() => {
    const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: KEYS_KEY });
    return {
      retry: () => void refresh(),
      create: async (key: NewKey): Promise<CreatedKey> => {
        const made = await createKey(key);
        void refresh();
        return made;
      },
      revoke: async (id: string): Promise<void> => {
        await revokeKey(id);
        await refresh();
      },
    };
  }, [client]);
  return {
    keys: query.data ?? null,
    failure: query.error === null ? null : failureOf(query.error),
    ...commands,
  };
}
