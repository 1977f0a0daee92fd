import { NO_FILTER, type ListFilter } from "../../app/route";
import type { Failure } from "../../errors/failure";
import { compareCards, type Card, type CardChange } from "./card";

/** A change that is shown before the server has accepted it. */
export interface Edit {
  key: number;
  id: string;
  change: CardChange;
}

/** What the server told about one filter. */
interface Listed {
  filter: ListFilter;
  cards: readonly Card[];
  total: number;
  fetchedAt: number;
}

export interface ListState {
  wanted: ListFilter;
  /** Of the filter before `wanted` until the answer for that is here. */
  listed: Listed | null;
  /** Conversations met elsewhere: opened by their address, or just archived. */
  others: ReadonlyMap<string, Card>;
  edits: readonly Edit[];
  isLoading: boolean;
  /** Why the first page is not here, or not fresh. */
  failure: Failure | null;
  /** Why a further page is not here. */
  failureOfMore: Failure | null;
}

export const EMPTY_LIST: ListState = {
  wanted: NO_FILTER,
  listed: null,
  others: new Map(),
  edits: [],
  isLoading: false,
  failure: null,
  failureOfMore: null,
};

export interface ArrivedPage {
  page: number;
  pageSize: number;
  cards: readonly Card[];
  total: number;
}

export type ListAction =
  | { kind: "asked"; filter: ListFilter }
  | { kind: "arrived"; filter: ListFilter; at: number; arrived: ArrivedPage }
  | { kind: "failed"; filter: ListFilter; page: number; failure: Failure }
  | { kind: "met"; card: Card }
  | { kind: "edited"; edit: Edit }
  | { kind: "accepted"; key: number; card: Card }
  | { kind: "refused"; key: number }
  | { kind: "deleted"; id: string };

export function reduceList(state: ListState, action: ListAction): ListState {
  switch (action.kind) {
    case "asked":
      return { ...state, wanted: action.filter, isLoading: true, failure: null };
    case "arrived":
      return isSame(action.filter, state.wanted) ? arrive(state, action) : state;
    case "failed":
      if (!isSame(action.filter, state.wanted)) return state;
      if (action.page > 0) return { ...state, failureOfMore: action.failure };
      return { ...state, isLoading: false, failure: action.failure };
    case "met":
      return { ...state, others: new Map(state.others).set(action.card.id, action.card) };
    case "edited":
      return { ...state, edits: [...state.edits, action.edit] };
    case "accepted":
      return accept({ ...state, edits: without(state.edits, action.key) }, action.card);
    case "refused":
      return { ...state, edits: without(state.edits, action.key) };
    case "deleted":
      return forget(state, action.id);
  }
}

/** The conversations to show: what the server told, with the changes on their way. */
export function shownCards({ listed, others, edits }: ListState): readonly Card[] {
  if (listed === null) return [];
  if (edits.length === 0) return listed.cards;
  const { filter, cards } = listed;
  const listedIds = new Set(cards.map(({ id }) => id));
  // A conversation on its way back into the list is not among its cards yet.
  const coming = filter.search === "" ? edits.flatMap(({ id }) => others.get(id) ?? []) : [];
  const candidates = [...cards, ...new Set(coming.filter(({ id }) => !listedIds.has(id)))];
  return candidates
    .map((card) => edited(card, edits))
    .filter(({ archived }) => archived === filter.isArchived)
    .sort(compareCards);
}

/** What is known about one conversation, wherever it was met. */
export function findCard({ listed, others, edits }: ListState, id: string): Card | null {
  const card = listed?.cards.find((known) => known.id === id) ?? others.get(id);
  return card === undefined ? null : edited(card, edits);
}

export function hasMore({ listed }: ListState): boolean {
  return listed !== null && listed.cards.length < listed.total;
}

/** The page to ask for next. It may overlap what is here where conversations left the list. */
export function nextPage({ listed }: ListState, pageSize: number): number {
  return Math.floor((listed?.cards.length ?? 0) / pageSize);
}

/** Whether what is shown belongs to an earlier filter. */
export function isOutdated({ listed, wanted }: ListState): boolean {
  return listed !== null && !isSame(listed.filter, wanted);
}

export function isSame(one: ListFilter, other: ListFilter): boolean {
  return one.isArchived === other.isArchived && one.search === other.search;
}

/**
 * Puts a page into the cards that are known. The page says all about the stretch that it covers:
 * what is known of that stretch and is not on the page is gone.
 */
export function mergePage(known: readonly Card[], arrived: ArrivedPage): Card[] {
  const { page, pageSize, cards } = arrived;
  const ids = new Set(cards.map(({ id }) => id));
  const first = page === 0 ? null : cards[0];
  const last = cards.length < pageSize ? null : cards.at(-1);
  const isCovered = (card: Card): boolean =>
    first !== undefined &&
    (first === null || compareCards(card, first) >= 0) &&
    (last == null || compareCards(card, last) <= 0);
  const kept = known.filter((card) => !ids.has(card.id) && !isCovered(card));
  return [...kept, ...cards].sort(compareCards);
}

function arrive(state: ListState, action: ListAction & { kind: "arrived" }): ListState {
  const { filter, at, arrived } = action;
  const isFirst = arrived.page === 0;
  const before = state.listed !== null && isSame(state.listed.filter, filter) ? state.listed : null;
  if (before === null && !isFirst) return state;
  const known = before?.cards ?? [];
  const cards = mergePage(known, arrived);
  // A page that is not full, or brings nothing new, is the end, whatever was counted.
  const isFull = arrived.cards.length >= arrived.pageSize;
  const isEnd = !isFull || (!isFirst && cards.length <= known.length);
  const total = isEnd ? cards.length : Math.max(arrived.total, cards.length);
  const fetchedAt = isFirst ? at : (before?.fetchedAt ?? at);
  return {
    ...state,
    listed: { filter, cards, total, fetchedAt },
    isLoading: isFirst ? false : state.isLoading,
    failure: isFirst ? null : state.failure,
    failureOfMore: null,
  };
}

/** Takes over what the server says about one conversation after a change. */
function accept(state: ListState, card: Card): ListState {
  const others = new Map(state.others).set(card.id, card);
  const { listed } = state;
  if (listed === null) return { ...state, others };
  const rest = listed.cards.filter(({ id }) => id !== card.id);
  const wasListed = rest.length < listed.cards.length;
  const isListed =
    card.archived === listed.filter.isArchived && (wasListed || listed.filter.search === "");
  const cards = isListed ? [...rest, card].sort(compareCards) : rest;
  const total = listed.total + Number(isListed) - Number(wasListed);
  return { ...state, others, listed: { ...listed, cards, total } };
}

function forget(state: ListState, id: string): ListState {
  const others = new Map(state.others);
  others.delete(id);
  const { listed } = state;
  if (listed === null) return { ...state, others };
  const cards = listed.cards.filter((card) => card.id !== id);
  const total = listed.total - (listed.cards.length - cards.length);
  return { ...state, others, listed: { ...listed, cards, total } };
}

function edited(card: Card, edits: readonly Edit[]): Card {
  return edits.reduce(
    (after, { id, change }) => (id === card.id ? { ...after, ...change } : after),
    card,
  );
}

function without(edits: readonly Edit[], key: number): readonly Edit[] {
  return edits.filter((edit) => edit.key !== key);
}
