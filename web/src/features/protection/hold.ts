import type { Account, Hold } from "../../api/types";

export const HOLD_REASONS = ["litigation", "investigation", "authority", "audit"] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

const REFERENCE_CHARACTERS_MAX = 200;

/** A reference as it is sent; `null` where the server would not take it. */
export function referenceFrom(typed: string): string | null {
  const reference = typed.trim();
  const characters = [...reference].length;
  const isFit = characters > 0 && characters <= REFERENCE_CHARACTERS_MAX;
  return isFit && !/\p{Cc}/u.test(reference) ? reference : null;
}

export function isInForce({ lifted_at: liftedAt }: Hold): boolean {
  return liftedAt == null;
}

/** The hold that keeps an account from being erased, its own or one of the organisation. */
export function holdOver(holds: readonly Hold[], { id }: Pick<Account, "id">): Hold | null {
  const covers = (hold: Hold): boolean => hold.account == null || hold.account === id;
  return holds.find((hold) => isInForce(hold) && covers(hold)) ?? null;
}
