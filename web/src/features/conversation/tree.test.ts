// @vitest-environment node
import { describe, expect, test } from "vitest";

import type { Entry } from "./entry";
import { answer, question } from "./testing/entries";
import { numbersFrom, pick } from "./testing/random";
import {
  EMPTY_TREE,
  alternativesOf,
  changed,
  newestLeaf,
  pathTo,
  treeOf,
  withEntry,
  type Tree,
} from "./tree";
import { turnsOf } from "./turns";

/** Entries of a random conversation, oldest first. */
function randomEntries(seed: number, count: number): Entry[] {
  const next = numbersFrom(seed);
  const entries: Entry[] = [question("e0", null)];
  for (let at = 1; at < count; at += 1) {
    const parent = next() < 0.05 ? null : pick(next, entries).id;
    const isAnswer = parent !== null && next() < 0.6;
    entries.push(isAnswer ? answer(`e${at}`, parent) : question(`e${at}`, parent));
  }
  return entries;
}

const SEEDS = Array.from({ length: 100 }, (_, at) => at + 1);

describe("for random trees", () => {
  test.each(SEEDS)("seed %i", (seed) => {
    const entries = randomEntries(seed, 40);
    const tree = treeOf(entries);
    // Built in one go or one by one: the same.
    expect(entries.reduce(withEntry, EMPTY_TREE)).toEqual(tree);
    for (const entry of entries) {
      const path = pathTo(tree, entry.id);
      // A path starts at a root, ends at its entry, and each step is a parent.
      expect(path[0]?.parent).toBeNull();
      expect(path.at(-1)).toBe(entry);
      path.slice(1).forEach((step, at) => expect(step.parent).toBe(path[at]?.id));
      // The newest leaf lies below and has nothing below.
      const leaf = newestLeaf(tree, entry.id);
      expect(pathTo(tree, leaf)).toContain(entry);
      expect(tree.children.get(leaf)).toBeUndefined();
      // An entry is one of its alternatives, and they agree with one another.
      const ids = alternativesOf(tree, entry);
      expect(ids).toContain(entry.id);
      for (const id of ids) {
        expect(alternativesOf(tree, tree.entries.get(id) as Entry)).toEqual(ids);
      }
      checkTurns(tree, entry.id);
    }
  });
});

/** The turns of a path hold its entries in order, except answers that no question precedes. */
function checkTurns(tree: Tree, head: string): void {
  const turns = turnsOf(tree, head, []);
  const shown = turns.flatMap((turn) => [turn.question, ...(turn.answer?.parts ?? [])]);
  expect(shown).toEqual(pathTo(tree, head));
  expect(turnsOf(tree, head, turns)).toBe(turns);
}

describe("the order of the list", () => {
  test.each(SEEDS)("does not matter, but for siblings (seed %i)", (seed) => {
    const entries = randomEntries(seed, 40);
    const next = numbersFrom(seed * 7919);
    const shuffled = entries
      .map((entry) => ({ entry, rank: next() }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ entry }) => entry);
    const tree = treeOf(shuffled);
    expect(new Set(tree.entries.values())).toEqual(new Set(entries));
    for (const [parent, ids] of tree.children) {
      const listed = shuffled.filter((entry) => entry.parent === parent);
      expect(ids).toEqual(listed.map(({ id }) => id));
    }
    // Orphans stay out wherever they stand, with what hangs on them.
    const orphans = [answer("x", "y"), question("y", "z"), question("z", "gone")];
    expect(treeOf([...orphans, ...shuffled])).toEqual(tree);
    expect(treeOf([...shuffled, ...orphans])).toEqual(tree);
  });

  test("an answer may stand before its question", () => {
    const tree = treeOf([answer("a", "q"), question("q", null)]);
    expect(pathTo(tree, "a").map(({ id }) => id)).toEqual(["q", "a"]);
  });
});

test("entries that hang on each other are left out", () => {
  expect(treeOf([question("a", "b"), question("b", "a")])).toEqual(EMPTY_TREE);
});

test("an entry without its parent is left out, with what hangs on it", () => {
  const tree = treeOf([question("a", null), answer("c", "gone"), question("d", "c")]);
  expect([...tree.entries.keys()]).toEqual(["a"]);
});

test("a head that is unknown has no path", () => {
  expect(pathTo(treeOf([question("a", null)]), "gone")).toEqual([]);
  expect(pathTo(EMPTY_TREE, null)).toEqual([]);
});

describe("turns", () => {
  const entries = [
    question("q1", null),
    answer("a1", "q1", { text: "Hello ", state: "stopped" }),
    answer("a2", "a1", { text: "world" }),
    question("q2", "a2"),
    answer("b1", "q2", { text: "" , state: "running" }),
    answer("c1", "q2", { text: "other" }),
    question("q3", "a2"),
  ];
  const tree = treeOf(entries);

  test("a run of answers is one answer", () => {
    const [first] = turnsOf(tree, "a2", []);
    expect(first?.answer?.text).toBe("Hello world");
    expect(first?.answer?.phase).toBe("complete");
    expect(first?.answer?.parts.map(({ id }) => id)).toEqual(["a1", "a2"]);
  });

  test("branches count the versions of a question and of an answer apart", () => {
    const turns = turnsOf(tree, "c1", []);
    expect(turns[1]?.branches).toEqual({ ids: ["q2", "q3"], at: 0 });
    expect(turns[1]?.answer?.branches).toEqual({ ids: ["b1", "c1"], at: 1 });
    expect(turnsOf(tree, "q3", [])[1]?.answer).toBeNull();
  });

  test("a running answer waits until it has text", () => {
    expect(turnsOf(tree, "b1", [])[1]?.answer?.phase).toBe("waiting");
    const grown = changed(tree, "b1", () => ({ text: "x" }));
    expect(turnsOf(grown, "b1", [])[1]?.answer?.phase).toBe("writing");
  });

  test("turns that did not change stay the same objects", () => {
    const before = turnsOf(tree, "b1", []);
    const after = turnsOf(changed(tree, "b1", () => ({ text: "x" })), "b1", before);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });
});
