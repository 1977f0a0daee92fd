import { useQuery } from "@tanstack/react-query";

import { useToast } from "../../../components/Toast";
import { describeFailure } from "../../../errors/describe";
import { failureOf } from "../../../errors/failure";
import { useMessages } from "../../../messages/messages";
import { connectionAddress, fetchProvider } from "../api/provider";

export const PROVIDER_KEY = ["provider"] as const;

/** The identity provider, and the way to bind the own account to somebody there. */
export function useProvider() {
  const messages = useMessages();
  const toast = useToast();
  const { data } = useQuery({ queryKey: PROVIDER_KEY, queryFn: fetchProvider });

  const connect = (): void => {
    connectionAddress().then(
      (address) => window.location.assign(address),
      (thrown: unknown) => toast({ text: describeFailure(failureOf(thrown), messages).what }),
    );
  };
  return { provider: data ?? null, connect };
}
