import type { Messages } from "../messages/messages";
import type { Failure } from "./failure";

/** What the page says about a failure: what happened and why, then what to do. */
export interface Description {
  what: string;
  action: string;
  code: string;
}

/**
 * Error codes with a text of their own in every language. A code that is not here shows the
 * server's sentence and hint.
 */
export const KNOWN_CODES = {
  "page.unreachable": "unreachable",
  "page.interrupted": "interrupted",
  "page.unreadable": "unreadable",
  "auth.missing": "sessionEnded",
  "auth.invalid": "sessionEnded",
  "auth.revoked": "sessionEnded",
  "auth.link_invalid": "linkInvalid",
  "auth.password_wrong": "passwordWrong",
  "auth.account_disabled": "accountDisabled",
  "auth.identity_refused": "identityRefused",
  "auth.identity_unmapped": "identityUnmapped",
  "auth.identity_conflict": "identityConflict",
  "auth.provider_unavailable": "providerUnavailable",
  "auth.forbidden": "forbidden",
  "account.exists": "accountExists",
  "account.has_password": "accountHasPassword",
  "account.last_owner": "accountLastOwner",
  "account.unknown": "accountUnknown",
  "key.unknown": "keyUnknown",
  "capacity.exhausted": "busy",
  "rate.limited": "limitReached",
  "budget.exceeded": "limitReached",
  "context.too_long": "contextTooLong",
  "messages.rejected": "messagesRejected",
  "model.unknown": "modelUnknown",
  "request.too_large": "tooLarge",
  "request.timeout": "requestTimeout",
  "origin.refused": "originRefused",
  "host.unknown": "originRefused",
  "receipt.pending": "receiptPending",
  "receipt.not_found": "receiptUnknown",
  "audit.unavailable": "auditUnavailable",
  "store.unavailable": "storeUnavailable",
  "encryption.locked": "encryptionLocked",
  "engine.failed": "engineFailed",
  "engine.stopped": "engineStopped",
  "server.stopping": "serverStopping",
  "conversation.not_found": "conversationUnknown",
  "entry.not_found": "entryUnknown",
  "conversation.busy": "conversationBusy",
  "conversation.full": "conversationFull",
  "idempotency.reused": "keyReused",
  // A proxy that stands before the server answers without a code of the server.
  "http.413": "proxyTooLarge",
  "http.502": "proxyFailed",
  "http.503": "proxyBusy",
  "http.504": "proxyTimeout",
  internal: "internal",
} as const satisfies Record<string, keyof Messages["errors"]>;

export function describeFailure(failure: Failure, messages: Messages): Description {
  const { code } = failure;
  if (isKnown(code)) return { ...messages.errors[KNOWN_CODES[code]], code };
  return {
    what: failure.message === "" ? messages.errors.unknown.what : failure.message,
    action: failure.hint === "" ? messages.errors.unknown.action : failure.hint,
    code,
  };
}

function isKnown(code: string): code is keyof typeof KNOWN_CODES {
  return Object.hasOwn(KNOWN_CODES, code);
}
