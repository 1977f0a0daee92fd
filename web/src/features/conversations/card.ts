import type { components } from "../../api/schema";

type CardMembers = "id" | "name" | "pinned" | "archived" | "running" | "updated_at";

/** A conversation as the list knows it. */
export type Card = Pick<components["schemas"]["Conversation"], CardMembers>;

/** What a person may change about a conversation. */
export type CardChange = Partial<Pick<Card, "name" | "pinned" | "archived">>;

/** The order of the server: pinned ones first, then the latest change; ids break ties. */
export function compareCards(one: Card, other: Card): number {
  if (one.pinned !== other.pinned) return one.pinned ? -1 : 1;
  const difference = Date.parse(other.updated_at) - Date.parse(one.updated_at);
  if (difference !== 0) return difference;
  // Finer than the milliseconds of `Date`, where both are written alike.
  if (one.updated_at !== other.updated_at) return one.updated_at < other.updated_at ? 1 : -1;
  return one.id < other.id ? 1 : -1;
}
