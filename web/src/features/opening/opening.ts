import type { Opening } from "../../api/types";

/** What an opening is, in the words of the server. */
export const STATES = ["waiting", "lapsed", "refused", "open", "ended", "revoked"] as const;
export type OpeningState = (typeof STATES)[number];

/** What the server takes. */
export const REASON_CHARACTERS_MIN = 10;
export const REASON_CHARACTERS_MAX = 1000;
const MINUTES_MIN = 5;
const MINUTES_MAX = 240;
const WAITING_MS = 24 * 60 * 60 * 1000;

/** Why somebody cannot agree to a request. */
export type Obstacle = "ownRequest" | "ofSubject" | "noOfficer";

/** Who looks at an opening. */
export interface Onlooker {
  id: string;
  role: string;
}

/**
 * What an opening is at a moment: time goes on after the server has said it. A state of a newer
 * server is taken for one that is over.
 */
export function stateAt(opening: Opening, now: number): OpeningState {
  const known = STATES.find((state) => state === opening.state) ?? "ended";
  const end = changesAt(opening);
  if (end === null || now < end) return known;
  return known === "waiting" ? "lapsed" : "ended";
}

/** When it becomes another one by itself; `null` where it is over already. */
export function changesAt(opening: Opening): number | null {
  switch (opening.state) {
    case "waiting":
      return Date.parse(opening.requested_at) + WAITING_MS;
    case "open":
      return opening.until == null ? null : Date.parse(opening.until);
    default:
      return null;
  }
}

/** The next moment at which one of them becomes another one by itself. */
export function nextChange(openings: readonly Opening[], now: number): number | null {
  const moments = openings.map(changesAt).filter((at) => at !== null && at > now);
  return moments.length === 0 ? null : Math.min(...(moments as number[]));
}

export function isOver(state: OpeningState): boolean {
  return state !== "waiting" && state !== "open";
}

/**
 * Why `me` cannot agree to a request, as far as the page knows; the server decides. `roleOfAsker`
 * is `null` where it is not known.
 */
export function obstacleTo(
  opening: Opening,
  me: Onlooker,
  roleOfAsker: string | null,
): Obstacle | null {
  if (opening.requester === me.id) return "ownRequest";
  if (opening.account === me.id) return "ofSubject";
  const isOfficer = [me.role, roleOfAsker ?? "data_officer"].includes("data_officer");
  return isOfficer ? null : "noOfficer";
}

/** A reason as it is sent; `null` where the server would not take it. */
export function reasonFrom(typed: string): string | null {
  const reason = typed.trim();
  const characters = [...reason].length;
  const isFit = characters >= REASON_CHARACTERS_MIN && characters <= REASON_CHARACTERS_MAX;
  return isFit ? reason : null;
}

/** Minutes as they are sent; `null` where the server would not take them. */
export function minutesFrom(typed: string): number | null {
  if (!/^\d{1,3}$/u.test(typed.trim())) return null;
  const minutes = Number(typed);
  return minutes >= MINUTES_MIN && minutes <= MINUTES_MAX ? minutes : null;
}
