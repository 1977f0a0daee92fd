import { RequestError, failureFromBody, pageFailure } from "../errors/failure";

/**
 * Sends a request to the server that this page came from. Anything but success throws a
 * `RequestError`; an abort is thrown as the browser reports it.
 */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await reach(path, init);
  if (response.ok) return response;
  const body: unknown = await response.json().catch(() => null);
  throw new RequestError(
    failureFromBody(body, response.status, response.headers.get("retry-after")),
  );
}

/** Sends a JSON body. */
export async function sendJson(
  method: "POST",
  path: string,
  body: unknown,
  init: RequestInit = {},
): Promise<Response> {
  return send(path, {
    ...init,
    method,
    headers: { "content-type": "application/json" },
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
