import type { Key } from "../../api/types";

/** What a key can be made for. */
export const KEY_PERMISSIONS = ["models", "conversations", "log"] as const;
export type KeyPermission = (typeof KEY_PERMISSIONS)[number];

export const DAYS_MAX = 3650;
export const DAYS_AT_FIRST = 90;

export type KeyState = "good" | "ended" | "revoked";

export function stateOf({ revoked_at, expires_at }: Key, now: number): KeyState {
  if (revoked_at != null) return "revoked";
  return expires_at != null && Date.parse(expires_at) <= now ? "ended" : "good";
}

/** The first digits of the scripts that the page speaks: ASCII, Arabic, Persian, Devanagari. */
const ZEROES = [0x30, 0x660, 0x6f0, 0x966];

/**
 * What was typed as a number of days: `none` for an empty field, `null` where it is no number
 * that the server takes.
 */
export function daysFrom(typed: string): number | "none" | null {
  const text = typed.trim();
  if (text === "") return "none";
  if (!/^\p{Nd}{1,5}$/u.test(text)) return null;
  const days = Number([...text].map(digitOf).join(""));
  return days >= 1 && days <= DAYS_MAX ? days : null;
}

function digitOf(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  const zero = ZEROES.find((first) => code >= first && code <= first + 9);
  return zero === undefined ? "x" : String(code - zero);
}
