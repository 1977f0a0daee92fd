import { holdRequests } from "../../api/client";
import type { Credentials, Session } from "../../api/types";
import { fetchSession, openSession } from "./api/session";
import { pageOwner } from "./page-owner";

/** The session of this browser; never answers where it is not that of this page's owner. */
export async function readSession(): Promise<Session | null> {
  const session = await fetchSession();
  if (session === null || pageOwner.claim(session.account.id)) return session;
  return new Promise(() => undefined);
}

/** Signs in. Until it is known as whom, the page sends nothing that it holds. */
export async function signInWith(credentials: Credentials): Promise<Session | null> {
  const release = holdRequests();
  try {
    await openSession(credentials);
  } catch (thrown) {
    release();
    throw thrown;
  }
  try {
    const session = await readSession();
    release();
    return session;
  } catch (thrown) {
    if (!pageOwner.isKnown) {
      release();
      throw thrown;
    }
    // Nobody knows whose session it is now: the page sends nothing more, begins anew and asks.
    window.location.reload();
    return new Promise(() => undefined);
  }
}
