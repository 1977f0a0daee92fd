import { describe, expect, test } from "vitest";

import { NO_FILTER, type ListFilter } from "../../app/route";
import { pageFailure } from "../../errors/failure";
import type { Card, CardChange } from "./card";
import {
  EMPTY_LIST,
  findCard,
  hasMore,
  isOutdated,
  mergePage,
  nextPage,
  reduceList,
  shownCards,
  type ListAction,
  type ListState,
} from "./list";

const SIZE = 2;
const ARCHIVE: ListFilter = { isArchived: true, search: "" };
const SEARCH: ListFilter = { isArchived: false, search: "x" };

/** `a5` is the conversation a, changed at 05:00. A star pins it. */
function card(text: string): Card {
  const hour = text.slice(1, 2);
  return {
    id: text.slice(0, 1),
    name: text,
    pinned: text.endsWith("*"),
    archived: false,
    running: false,
    updated_at: `2026-11-22T0${hour}:00:00Z`,
  };
}

function cards(text: string): Card[] {
  return text === "" ? [] : text.split(" ").map(card);
}

function arrived(text: string, page = 0, total = 9, filter = NO_FILTER): ListAction {
  const found = { page, pageSize: SIZE, cards: cards(text), total };
  return { kind: "arrived", filter, at: 1, arrived: found };
}

function after(...actions: ListAction[]): ListState {
  return actions.reduce(reduceList, EMPTY_LIST);
}

function names(state: ListState): string {
  return shownCards(state)
    .map(({ name }) => name)
    .join(" ");
}

function edit(id: string, change: CardChange, key = 1): ListAction {
  return { kind: "edited", edit: { key, id, change } };
}

describe("a page", () => {
  test.each([
    ["further ones come after", "a9 b8", "c7 d6", 1, "a9 b8 c7 d6"],
    ["an overlap is told once", "a9 b8", "b8 c7", 1, "a9 b8 c7"],
    ["a new conversation goes to the top", "a7 b6 c5", "n9 a7", 0, "n9 a7 b6 c5"],
    ["one that was answered moves up", "a7 b6 c5", "c9 a7", 0, "c9 a7 b6"],
    ["one that is gone from the stretch goes", "a9 b8 c7", "b8 c7", 0, "b8 c7"],
    ["one beyond the stretch stays", "a9 b8 c7", "b8", 1, "a9 b8"],
    ["a pinned one stays first", "p1* a9 b8", "p1* b8", 0, "p1* b8"],
    ["the last page ends the list", "a9 b8 c7 d6", "c7", 1, "a9 b8 c7"],
    ["none at all empties it", "a9 b8", "", 0, ""],
    ["a page behind the end takes nothing away", "a9 b8", "", 1, "a9 b8"],
  ])("%s", (_name, known, page, number, expected) => {
    const merged = mergePage(cards(known), {
      page: number,
      pageSize: SIZE,
      cards: cards(page),
      total: 9,
    });
    expect(merged.map(({ name }) => name).join(" ")).toBe(expected);
  });

  test("is asked for by what is here, so that none is skipped", () => {
    const full = after({ kind: "asked", filter: NO_FILTER }, arrived("a9 b8"));
    expect(nextPage(full, SIZE)).toBe(1);
    const shorter = reduceList(full, { kind: "deleted", id: "a" });
    expect(nextPage(shorter, SIZE)).toBe(0);
    expect(hasMore(shorter)).toBe(true);
  });

  test("that brings nothing new ends the list", () => {
    const state = after({ kind: "asked", filter: NO_FILTER }, arrived("a9 b8"), arrived("", 1));
    expect(hasMore(state)).toBe(false);
  });

  test("of another filter than the wanted one is ignored, and old ones stay until then", () => {
    const asked: ListAction = { kind: "asked", filter: SEARCH };
    const state = after({ kind: "asked", filter: NO_FILTER }, arrived("a9 b8"), asked);
    expect(names(state)).toBe("a9 b8");
    expect(isOutdated(state)).toBe(true);
    expect(reduceList(state, arrived("c7"))).toBe(state);
    const found = reduceList(state, arrived("b8", 0, 1, SEARCH));
    expect([names(found), isOutdated(found)]).toEqual(["b8", false]);
  });

  test("that fails keeps what is here and says so where it belongs", () => {
    const failure = pageFailure("page.unreachable");
    const start = after({ kind: "asked", filter: NO_FILTER }, arrived("a9 b8"));
    const failed = reduceList(start, { kind: "failed", filter: NO_FILTER, page: 1, failure });
    expect([failed.failureOfMore, failed.failure, names(failed)]).toEqual([failure, null, "a9 b8"]);
    expect(reduceList(failed, arrived("c7 d6", 1)).failureOfMore).toBeNull();
    const stale = reduceList(start, { kind: "failed", filter: NO_FILTER, page: 0, failure });
    expect([stale.failure, names(stale)]).toEqual([failure, "a9 b8"]);
  });
});

describe("a change", () => {
  const start = after({ kind: "asked", filter: NO_FILTER }, arrived("a9 b8", 0, 2));

  test("shows at once and goes when it is refused", () => {
    const renamed = reduceList(start, edit("b", { name: "other" }));
    expect(names(renamed)).toBe("a9 other");
    expect(findCard(renamed, "b")?.name).toBe("other");
    expect(names(reduceList(renamed, { kind: "refused", key: 1 }))).toBe("a9 b8");
  });

  test("of two that wait, the later one wins until it is answered", () => {
    const twice = after(
      { kind: "asked", filter: NO_FILTER },
      arrived("a9 b8", 0, 2),
      edit("b", { name: "one" }, 1),
      edit("b", { name: "two" }, 2),
      { kind: "accepted", key: 1, card: { ...card("b8"), name: "one" } },
    );
    expect(names(twice)).toBe("a9 two");
  });

  test("pins to the top at once", () => {
    expect(names(reduceList(start, edit("b", { pinned: true })))).toBe("b8 a9");
  });

  test("archives at once, and undo brings back at once", () => {
    const leaving = reduceList(start, edit("a", { archived: true }));
    expect(names(leaving)).toBe("b8");
    const archived = { ...card("a9"), archived: true };
    const gone = reduceList(leaving, { kind: "accepted", key: 1, card: archived });
    expect([names(gone), gone.listed?.total]).toEqual(["b8", 1]);
    const coming = reduceList(gone, edit("a", { archived: false }, 2));
    expect(names(coming)).toBe("a9 b8");
    const back = reduceList(coming, { kind: "accepted", key: 2, card: card("a9") });
    expect([names(back), back.listed?.total]).toEqual(["a9 b8", 2]);
  });

  test("of a conversation that is not in the list does not put it there", () => {
    const met = reduceList(start, { kind: "met", card: { ...card("z1"), archived: true } });
    const renamed = reduceList(met, edit("z", { name: "far" }));
    expect(names(renamed)).toBe("a9 b8");
    expect(findCard(renamed, "z")?.name).toBe("far");
  });

  test("of the archive shows in the archive", () => {
    const archive = after(
      { kind: "asked", filter: ARCHIVE },
      { ...arrived("a9", 0, 1, ARCHIVE) },
      { kind: "met", card: card("b8") },
      edit("b", { archived: true }),
    );
    expect(names(archive)).toBe("b8");
  });

  test("that deletes takes it out of everything", () => {
    const deleted = reduceList(start, { kind: "deleted", id: "a" });
    expect([names(deleted), deleted.listed?.total]).toEqual(["b8", 1]);
    expect(findCard(deleted, "a")).toBeNull();
  });
});
