import type { Words } from "../../components/ErrorNote";
import type { Failure } from "../../errors/failure";
import type { ProtectionTexts } from "./texts";

const KNOWN_CODES = {
  "opening.denied": "denied",
  "opening.over": "over",
  "opening.unknown": "unknown",
  "hold.in_force": "held",
  "hold.unknown": "holdUnknown",
  "erasure.unknown": "erasureUnknown",
} as const satisfies Record<string, keyof ProtectionTexts["failures"]>;

/** What these pages say about a failure; `null` where the page as a whole has the words. */
export function wordsFor({ code }: Failure, { failures }: ProtectionTexts): Words | null {
  return isKnown(code) ? failures[KNOWN_CODES[code]] : null;
}

function isKnown(code: string): code is keyof typeof KNOWN_CODES {
  return Object.hasOwn(KNOWN_CODES, code);
}
