import { RequestError, failureFromBody, needsSignIn, pageFailure } from "../errors/failure";

/** The one route that tells by a 401 that nobody is signed in; there it is an answer. */
const SESSION_PATH = "/v1/session";

type Listener = () => void;
const signInListeners = new Set<Listener>();

/** Calls `listener` whenever the server refuses a request because nobody is signed in. */
export function onSignInNeeded(listener: Listener): () => void {
  signInListeners.add(listener);
  return () => signInListeners.delete(listener);
}

let held: Promise<void> | null = null;

/**
 * Keeps back every request but those of the session, until the returned function is called: while
 * somebody signs in it is not known as whom the rest would go out.
 */
export function holdRequests(): () => void {
  let release = (): void => undefined;
  held = new Promise((resolve) => {
    release = (): void => {
      held = null;
      resolve();
    };
  });
  return release;
}

/**
 * Sends a request to the server that this page came from. Anything but success throws a
 * `RequestError`; an abort is thrown as the browser reports it.
 */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  if (held !== null && path !== SESSION_PATH) await held;
  const response = await reach(path, init);
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  const failure = failureFromBody(body, response.status, response.headers.get("retry-after"));
  if (needsSignIn(failure) && path !== SESSION_PATH) {
    signInListeners.forEach((listener) => listener());
  }
  throw new RequestError(failure, { location: response.headers.get("location") });
}

/** Sends a JSON body. */
export async function sendJson(
  method: "POST" | "PUT" | "PATCH",
  path: string,
  body: unknown,
  init: RequestInit & { headers?: Record<string, string> } = {},
): Promise<Response> {
  return send(path, {
    ...init,
    method,
    headers: { "content-type": "application/json", ...init.headers },
    body: JSON.stringify(body),
  });
}

/** The JSON body of an answer. */
export async function readJson<Body>(response: Response): Promise<Body> {
  try {
    return (await response.json()) as Body;
  } catch (cause) {
    throw new RequestError(pageFailure("page.unreadable"), { cause });
  }
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: "same-origin", redirect: "error", ...init });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new RequestError(pageFailure("page.unreachable"), { cause });
  }
}
