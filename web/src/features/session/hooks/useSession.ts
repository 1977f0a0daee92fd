import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { failureOf, type Failure } from "../../../errors/failure";
import { takeTokenFromAddress } from "../api/link";
import { closeSession, fetchSession, openSession } from "../api/session";

const SESSION_KEY = ["session"] as const;

export type SessionStatus = "opening" | "signedOut" | "signedIn" | "closed";

export interface SessionControl {
  status: SessionStatus;
  /** Why nobody knows whether anybody is signed in, when `status` is `closed`. */
  failure: Failure | null;
  /** Why the last link or token was refused. */
  refusal: Failure | null;
  isSigningIn: boolean;
  signIn: (token: string) => Promise<void>;
  signOut: () => void;
  retry: () => void;
}

/**
 * Who is signed in. `linkToken` is the token that the address of the page carried when it
 * opened; a link pasted into the same tab later changes only the fragment and is used too.
 */
export function useSession(linkToken: string | null): SessionControl {
  const client = useQueryClient();
  const opening = useMutation({ mutationFn: openSession });
  const isLinkUsed = useRef(false);
  const isLinkPending = linkToken !== null && opening.isIdle;
  const session = useQuery({
    queryKey: SESSION_KEY,
    queryFn: fetchSession,
    enabled: !isLinkPending && !opening.isPending,
  });

  const signIn = async (token: string): Promise<void> => {
    try {
      await opening.mutateAsync(token);
    } catch {
      // `opening.error` keeps the reason; the query says whether an older session still holds.
    }
    await client.invalidateQueries({ queryKey: SESSION_KEY });
  };
  const signInLater = useRef(signIn);
  useEffect(() => {
    signInLater.current = signIn;
  });

  useEffect(() => {
    const useLink = (token: string | null): void => {
      if (token !== null) void signInLater.current(token);
    };
    if (!isLinkUsed.current) {
      isLinkUsed.current = true;
      useLink(linkToken);
    }
    const onHashChange = (): void => useLink(takeTokenFromAddress());
    window.addEventListener("hashchange", onHashChange);
    return () => window.removeEventListener("hashchange", onHashChange);
  }, [linkToken]);

  const signOut = async (): Promise<void> => {
    await closeSession().catch(() => undefined);
    opening.reset();
    // Nothing of the conversation may stay behind in the memory of the tab.
    window.location.reload();
  };

  return {
    status: statusOf(session),
    failure: session.error === null ? null : failureOf(session.error),
    refusal: opening.error === null ? null : failureOf(opening.error),
    isSigningIn: opening.isPending,
    signIn,
    signOut: () => void signOut(),
    retry: () => void session.refetch(),
  };
}

function statusOf(session: { data: unknown; isError: boolean }): SessionStatus {
  if (session.isError) return "closed";
  if (session.data === undefined) return "opening";
  return session.data === null ? "signedOut" : "signedIn";
}
