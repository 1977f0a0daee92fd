import { readJson, send } from "../../../api/client";
import type { ProviderAddress, SignInProvider } from "../../../api/types";
import type { Failure } from "../../../errors/failure";

/** Where a browser goes to sign in at the provider; the server sends it on from there. */
export const PROVIDER_PATH = "/v1/session/oidc";

/** As people know the identity provider; `null` where none is set. */
export async function fetchProvider(): Promise<string | null> {
  const { name } = await readJson<SignInProvider>(await send("/v1/session/provider"));
  return name ?? null;
}

/** Where the browser goes so that its person signs in with the provider from then on. */
export async function connectionAddress(): Promise<string> {
  const answer = await send(PROVIDER_PATH, { method: "POST" });
  return (await readJson<ProviderAddress>(answer)).address;
}

/**
 * Takes out of the address of the page why the provider's sign-in was refused, so that reloading
 * the page does not show it again. Only what looks like a code counts: anybody can make a link.
 */
export function takeRefusalFromAddress(): Failure | null {
  const code = /^#sign-in=([a-z]+\.[a-z_]+|internal)$/u.exec(window.location.hash)?.[1];
  if (code === undefined) return null;
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  return { code, message: "", hint: "", retryAfterSeconds: null };
}
