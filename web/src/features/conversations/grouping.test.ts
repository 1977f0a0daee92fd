import { expect, test } from "vitest";

import type { Card } from "./card";
import { Calendar, monthName, rowsOf } from "./grouping";

function check(now: string, timeZone: string, date: string, group: string): void {
  expect(new Calendar(new Date(now), timeZone).groupOf(new Date(date))).toBe(group);
}

test.each([
  ["2026-11-22T09:00:00Z", "2026-11-22T08:59:00Z", "today"],
  ["2026-11-22T09:00:00Z", "2026-11-21T23:30:00Z", "today"],
  ["2026-11-22T09:00:00Z", "2026-11-21T22:30:00Z", "yesterday"],
  ["2026-11-22T09:00:00Z", "2026-11-15T12:00:00Z", "week"],
  ["2026-11-22T09:00:00Z", "2026-11-14T12:00:00Z", "2026-11"],
  ["2026-11-22T09:00:00Z", "2025-12-31T23:30:00Z", "2026-01"],
  ["2026-11-22T09:00:00Z", "2026-11-23T12:00:00Z", "today"],
  // The night in which clocks go back is 25 hours long, the one in which they go on 23.
  ["2026-10-26T00:30:00Z", "2026-10-24T22:30:00Z", "yesterday"],
  ["2026-03-30T21:30:00Z", "2026-03-28T23:30:00Z", "yesterday"],
  ["2026-03-30T21:30:00Z", "2026-03-28T22:30:00Z", "week"],
])("in Paris at %s, %s is %s", (now, date, group) => check(now, "Europe/Paris", date, group));

test("the same moment is another day elsewhere", () => {
  check("2026-11-22T23:00:00Z", "Pacific/Auckland", "2026-11-22T10:00:00Z", "yesterday");
  check("2026-11-22T23:00:00Z", "America/Los_Angeles", "2026-11-22T10:00:00Z", "today");
  check("2026-11-22T20:00:00Z", "Asia/Kolkata", "2026-11-22T18:00:00Z", "yesterday");
});

test("a heading stands before each group, pinned ones under their own", () => {
  const calendar = new Calendar(new Date("2026-11-22T09:00:00Z"), "UTC");
  const rows = rowsOf(
    [
      card("a", "2026-01-01T00:00:00Z", true),
      card("b", "2026-11-22T08:00:00Z"),
      card("c", "2026-11-22T07:00:00Z"),
      card("d", "2026-10-01T07:00:00Z"),
    ],
    calendar,
  );
  const lines = rows.map((row) => (row.kind === "heading" ? `# ${row.group}` : row.card.id));
  expect(lines).toEqual(["# pinned", "a", "# today", "b", "c", "# 2026-10", "d"]);
});

test.each([
  ["fr-FR", "octobre", "octobre 2025"],
  ["en-GB", "October", "October 2025"],
  ["hi-IN", "अक्टूबर", "अक्टूबर 2025"],
])("in %s a month of this year has no year", (locale, short, long) => {
  const now = new Date("2026-11-22T09:00:00Z");
  expect(monthName("2026-10", now, locale)).toBe(short);
  expect(monthName("2025-10", now, locale)).toBe(long);
});

function card(id: string, updated_at: string, pinned = false): Card {
  return { id, name: id, pinned, archived: false, running: false, updated_at };
}
