import { readJson, send, sendJson } from "../../../api/client";
import type { ListFilter } from "../../../app/route";
import type { Card, CardChange } from "../card";

export const PAGE_SIZE = 100;

/** What a search looks through. */
export interface CardQuery {
  search: string;
  archived: "true" | "false" | "any";
}

export interface CardPage {
  cards: Card[];
  /** How many there are on all pages. */
  total: number;
}

export function queryOf({ search, isArchived }: ListFilter): CardQuery {
  return { search: search.trim(), archived: isArchived ? "true" : "false" };
}

/** One page of conversations, pinned ones first, then the latest; pages count from 0. */
export async function fetchCards(
  { search, archived }: CardQuery,
  page: number,
  signal: AbortSignal,
  pageSize = PAGE_SIZE,
): Promise<CardPage> {
  const parameters = new URLSearchParams({
    page: String(page),
    page_size: String(pageSize),
    archived,
    ...(search !== "" && { search }),
  });
  const response = await send(`/v1/conversations?${parameters}`, { signal });
  const cards = await readJson<Card[]>(response);
  const total = Number.parseInt(response.headers.get("galerne-total-count") ?? "", 10);
  return { cards, total: Number.isFinite(total) ? total : page * pageSize + cards.length };
}

export async function fetchCard(id: string, signal: AbortSignal): Promise<Card> {
  return readJson<Card>(await send(pathOf(id), { signal }));
}

export async function changeCard(id: string, change: CardChange): Promise<Card> {
  return readJson<Card>(await sendJson("PATCH", pathOf(id), change));
}

export async function deleteCard(id: string): Promise<void> {
  await send(pathOf(id), { method: "DELETE" });
}

function pathOf(id: string): string {
  return `/v1/conversations/${encodeURIComponent(id)}`;
}
