import type { Account, Erasure } from "../../api/types";

export const ERASURE_REASONS = ["request_of_person", "end_of_purpose", "order"] as const;
export type ErasureReason = (typeof ERASURE_REASONS)[number];

/** What checks a certificate that was saved under its name, beside the public key of the log. */
export function checkCommand(erasure: Pick<Erasure, "id"> | null): string {
  const file = erasure === null ? "erasure-ID.txt" : fileNameOf(erasure);
  return `galerne-verify erasure ${file} --key "$(cat log-key.txt)"`;
}

export function fileNameOf({ id }: Pick<Erasure, "id">): string {
  return `erasure-${id}.txt`;
}

export function isDone({ state }: Pick<Erasure, "state">): boolean {
  return state === "done";
}

/** Whoever erases for good types the name: a click alone could mean another line. */
export function isConfirmed(typed: string, { name }: Pick<Account, "name">): boolean {
  return typed.trim() === name;
}
