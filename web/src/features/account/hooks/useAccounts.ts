import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import type { Account, AccountChange, Invitation, NewAccount } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { changeAccount, createAccount, fetchAccounts, inviteAccount } from "../api/accounts";

const ACCOUNTS_KEY = ["accounts"] as const;

export interface AccountsControl {
  /** `null` until they are here. */
  accounts: readonly Account[] | null;
  failure: Failure | null;
  retry: () => void;
  create: (account: NewAccount) => Promise<Account>;
  change: (id: string, change: AccountChange) => Promise<Account>;
  invite: (id: string) => Promise<Invitation>;
}

/** The accounts of the organisation, read anew each time that somebody looks at them. */
export function useAccounts(): AccountsControl {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ACCOUNTS_KEY,
    queryFn: fetchAccounts,
    refetchOnMount: "always",
  });
  const commands = useMemo(() => {
    const refresh = (): void => void client.invalidateQueries({ queryKey: ACCOUNTS_KEY });
    return {
      retry: refresh,
      create: async (account: NewAccount): Promise<Account> => {
        const made = await createAccount(account);
        refresh();
        return made;
      },
      change: async (id: string, change: AccountChange): Promise<Account> => {
        const changed = await changeAccount(id, change);
        client.setQueryData<Account[]>(ACCOUNTS_KEY, (before) =>
          before?.map((account) => (account.id === id ? changed : account)),
        );
        return changed;
      },
      invite: inviteAccount,
    };
  }, [client]);
  return {
    accounts: query.data ?? null,
    failure: query.error === null ? null : failureOf(query.error),
    ...commands,
  };
}
