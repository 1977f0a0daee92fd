import type { Card } from "./card";

/** Under which heading a conversation stands; a month is `2026-11`. */
export type Group = "pinned" | "today" | "yesterday" | "week" | `${number}-${string}`;

/** A line of the list. */
export type Row = { kind: "heading"; group: Group } | { kind: "card"; group: Group; card: Card };

const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;

/**
 * Sorts days into groups as the calendar of `timeZone` has them: yesterday is the day before,
 * be it 23 or 25 hours long.
 */
export class Calendar {
  readonly #format: Intl.DateTimeFormat;
  readonly #today: string;
  readonly #yesterday: string;
  readonly #weekStart: string;

  constructor(now: Date, timeZone?: string) {
    // This locale writes the days of the ISO calendar, which sort as text.
    this.#format = new Intl.DateTimeFormat("en-CA", {
      calendar: "iso8601",
      numberingSystem: "latn",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      ...(timeZone !== undefined && { timeZone }),
    });
    this.#today = this.dayOf(now);
    this.#yesterday = dayBefore(this.#today, 1);
    this.#weekStart = dayBefore(this.#today, WEEK_DAYS);
  }

  /** A day as `2026-11-22`. */
  dayOf(date: Date): string {
    return this.#format.format(date);
  }

  groupOf(date: Date): Exclude<Group, "pinned"> {
    const day = this.dayOf(date);
    // A clock that is ahead of this one says nothing about tomorrow.
    if (day >= this.#today) return "today";
    if (day === this.#yesterday) return "yesterday";
    if (day >= this.#weekStart) return "week";
    return day.slice(0, 7) as Exclude<Group, "pinned">;
  }
}

/** The lines of a list that is sorted already: a heading wherever the group changes. */
export function rowsOf(cards: readonly Card[], calendar: Calendar): Row[] {
  const rows: Row[] = [];
  let previous: Group | null = null;
  for (const card of cards) {
    const group = card.pinned ? "pinned" : calendar.groupOf(new Date(card.updated_at));
    if (group !== previous) rows.push({ kind: "heading", group });
    rows.push({ kind: "card", group, card });
    previous = group;
  }
  return rows;
}

/** The heading of a month: with its year, unless it is of this year. */
export function monthName(group: string, now: Date, locale: string): string {
  const date = new Date(`${group}-15T12:00:00Z`);
  const isThisYear = date.getUTCFullYear() === now.getUTCFullYear();
  return new Intl.DateTimeFormat(locale, {
    month: "long",
    timeZone: "UTC",
    ...(!isThisYear && { year: "numeric" }),
  }).format(date);
}

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - days * DAY_MS).toISOString().slice(0, 10);
}
