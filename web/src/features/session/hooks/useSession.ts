import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import { onSignInNeeded } from "../../../api/client";
import type { Credentials, NewPassword, Session } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { takeTokenFromAddress } from "../api/link";
import { fetchProvider } from "../api/provider";
import { changePassword, endSession } from "../api/session";
import { sessionExpiry } from "../expiry";
import { readSession, signInWith } from "../sign-in";
import { runBeforeSignOut } from "../sign-out";
import { PROVIDER_KEY } from "./useProvider";

const SESSION_KEY = ["session"] as const;

export type SessionStatus = "opening" | "signedOut" | "signedIn" | "closed";

export interface SessionControl {
  status: SessionStatus;
  /** Why nobody knows whether anybody is signed in, when `status` is `closed`. */
  failure: Failure | null;
  /** Who is signed in, or was until the session ended. */
  me: Session | null;
  /** As people know the identity provider, once that matters; `null` where none is set. */
  provider: string | null;
  /** Why the last link, token or password was refused, or the provider. */
  refusal: Failure | null;
  isSigningIn: boolean;
  signIn: (credentials: Credentials) => Promise<void>;
  /** Chooses or changes the password; returns why not. */
  choosePassword: (passwords: NewPassword) => Promise<Failure | null>;
  /** Leaves the page; where the server cannot end the session the page stays, and this is why. */
  signOut: () => Promise<Failure | null>;
  retry: () => void;
}

/**
 * Who is signed in. `linkToken` is the token that the address of the page carried when it
 * opened; a link pasted into the same tab later changes only the fragment and is used too.
 * `returned` is why the identity provider sent the browser back without letting it in.
 */
export function useSession(linkToken: string | null, returned: Failure | null): SessionControl {
  const client = useQueryClient();
  const opening = useMutation({ mutationFn: signInWith });
  const isLinkUsed = useRef(false);
  const isLinkPending = linkToken !== null && opening.isIdle;
  const session = useQuery({
    queryKey: SESSION_KEY,
    queryFn: readSession,
    enabled: !isLinkPending && !opening.isPending,
  });

  const provider = useQuery({
    queryKey: PROVIDER_KEY,
    queryFn: fetchProvider,
    enabled: session.data === null,
  });

  // Who was signed in keeps the page when the session ends: signing in again happens over it.
  const [me, setMe] = useState<Session | null>(null);
  if (session.data != null && session.data !== me) setMe(session.data);

  const signIn = async (credentials: Credentials): Promise<void> => {
    try {
      const opened = await opening.mutateAsync(credentials);
      client.setQueryData(SESSION_KEY, opened);
      if (opened !== null) sessionExpiry.settle();
    } catch {
      // `opening.error` keeps the reason; the query says whether an older session still holds.
      await client.invalidateQueries({ queryKey: SESSION_KEY });
    }
  };
  const signInLater = useRef(signIn);
  useEffect(() => {
    signInLater.current = signIn;
  });

  useEffect(() => {
    const useLink = (token: string | null): void => {
      if (token !== null) void signInLater.current({ token });
    };
    if (!isLinkUsed.current) {
      isLinkUsed.current = true;
      useLink(linkToken);
    }
    const onHashChange = (): void => useLink(takeTokenFromAddress());
    window.addEventListener("hashchange", onHashChange);
    return () => window.removeEventListener("hashchange", onHashChange);
  }, [linkToken]);

  useEffect(() => onSignInNeeded(sessionExpiry.raise), []);

  const signOut = useCallback(async (): Promise<Failure | null> => {
    await runBeforeSignOut();
    const failure = await endSession();
    // Nothing of the conversation may stay behind in the memory of the tab.
    if (failure === null) window.location.reload();
    return failure;
  }, []);

  const choosePassword = useCallback(
    async (passwords: NewPassword): Promise<Failure | null> => {
      try {
        await changePassword(passwords);
      } catch (thrown) {
        return failureOf(thrown);
      }
      const withPassword = (known: Session | null | undefined) =>
        known == null ? known : { ...known, has_password: true };
      client.setQueryData<Session | null>(SESSION_KEY, withPassword);
      return null;
    },
    [client],
  );

  const returnedUnlessTried = opening.isIdle ? returned : null;
  return {
    status: me === null ? statusOf(session) : "signedIn",
    failure: session.error === null ? null : failureOf(session.error),
    me,
    provider: provider.data ?? null,
    refusal: opening.error === null ? returnedUnlessTried : failureOf(opening.error),
    isSigningIn: opening.isPending,
    signIn,
    signOut,
    choosePassword,
    retry: () => void session.refetch(),
  };
}

function statusOf(session: { data: unknown; isError: boolean }): SessionStatus {
  if (session.isError) return "closed";
  if (session.data === undefined) return "opening";
  return session.data === null ? "signedOut" : "signedIn";
}
