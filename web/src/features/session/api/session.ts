import { readJson, send, sendJson } from "../../../api/client";
import type { Credentials, NewPassword, Session } from "../../../api/types";
import { RequestError, failureOf, needsSignIn, type Failure } from "../../../errors/failure";

/** The session of this browser, or `null` when nobody is signed in. */
export async function fetchSession(): Promise<Session | null> {
  try {
    return await readJson<Session>(await send("/v1/session"));
  } catch (thrown) {
    if (thrown instanceof RequestError && needsSignIn(thrown.failure)) return null;
    throw thrown;
  }
}

/** Exchanges a one-time token, or a name and a password, for the session cookie. */
export async function openSession(credentials: Credentials): Promise<void> {
  await sendJson("POST", "/v1/session", credentials);
}

/** Other browsers of the same account are signed out by it. */
export async function changePassword(passwords: NewPassword): Promise<void> {
  await sendJson("PUT", "/v1/session/password", passwords);
}

/** Why the session could not be ended; one that had ended already is no failure. */
export async function endSession(): Promise<Failure | null> {
  try {
    await send("/v1/session", { method: "DELETE" });
    return null;
  } catch (thrown) {
    const failure = failureOf(thrown);
    return needsSignIn(failure) ? null : failure;
  }
}
