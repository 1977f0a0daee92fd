/** What went wrong, in the form that the page keeps and shows. */
export interface Failure {
  /** Stable code of the server, or one that starts with `page.` for what the page saw itself. */
  code: string;
  /** The server's own sentence; empty when the page found the failure. */
  message: string;
  hint: string;
  /** Seconds after which the server accepts another try, where it says so. */
  retryAfterSeconds: number | null;
}

interface RequestErrorOptions extends ErrorOptions {
  location?: string | null;
}

/** Carries a `Failure` through promises. */
export class RequestError extends Error {
  readonly failure: Failure;
  /** Where the server keeps what it refused to do, if it says so. */
  readonly location: string | null;

  constructor(failure: Failure, { location = null, ...options }: RequestErrorOptions = {}) {
    super(`${failure.code}: ${failure.message}`, options);
    this.name = "RequestError";
    this.failure = failure;
    this.location = location;
  }
}

/** A failure that the page itself found. */
export function pageFailure(
  code: "page.unreachable" | "page.interrupted" | "page.unreadable",
): Failure {
  return { code, message: "", hint: "", retryAfterSeconds: null };
}

/** The failure behind anything thrown by the `api` folders. */
export function failureOf(thrown: unknown): Failure {
  return thrown instanceof RequestError ? thrown.failure : pageFailure("page.unreadable");
}

/** Reads an error body; a body of another shape gives an unknown code and the given status. */
export function failureFromBody(body: unknown, status: number, retryAfter: string | null): Failure {
  const seconds = Number.parseInt(retryAfter ?? "", 10);
  return {
    code: field(body, "code") ?? field(nested(body, "error"), "code") ?? `http.${status}`,
    message: field(body, "message") ?? field(nested(body, "error"), "message") ?? "",
    hint: field(body, "hint") ?? "",
    retryAfterSeconds: Number.isFinite(seconds) ? seconds : null,
  };
}

function nested(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function field(value: unknown, key: string): string | null {
  const found = nested(value, key);
  return typeof found === "string" && found !== "" ? found : null;
}

/** The server did not answer, or what stands before it did: another attempt may reach it. */
export function isOutOfReach({ code }: Failure): boolean {
  return code === "page.unreachable" || code === "page.interrupted" || /^http\.5/u.test(code);
}

const SIGN_IN_CODES: ReadonlySet<string> = new Set([
  "auth.missing",
  "auth.invalid",
  "auth.revoked",
  "auth.expired",
  "auth.account_disabled",
]);

/** The person has to sign in again before anything else works. */
export function needsSignIn({ code }: Failure): boolean {
  return SIGN_IN_CODES.has(code);
}
