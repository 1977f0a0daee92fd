import type { Entry } from "./entry";

/**
 * The entries of a conversation by id, with the children of each in the order of their making.
 * A tree is never changed in place.
 */
export interface Tree {
  entries: ReadonlyMap<string, Entry>;
  /** The ids below an entry; those of the first questions are under `null`. */
  children: ReadonlyMap<string | null, readonly string[]>;
}

export const EMPTY_TREE: Tree = { entries: new Map(), children: new Map() };

/**
 * The tree of entries in any order: an answer may be listed before its question. Siblings keep
 * the order of the list. One whose parent is missing is left out, with what hangs on it.
 */
export function treeOf(entries: readonly Entry[]): Tree {
  const listed = new Map<string | null, Entry[]>();
  for (const entry of entries) {
    const siblings = listed.get(entry.parent);
    if (siblings === undefined) listed.set(entry.parent, [entry]);
    else siblings.push(entry);
  }
  // Downwards from the first questions: only what hangs on one of them is taken.
  const known = new Map<string, Entry>();
  const children = new Map<string | null, string[]>();
  const parents: (string | null)[] = [null];
  for (const parent of parents) {
    const siblings = (listed.get(parent) ?? []).filter(({ id }) => !known.has(id));
    if (siblings.length === 0) continue;
    for (const entry of siblings) {
      known.set(entry.id, entry);
      parents.push(entry.id);
    }
    children.set(parent, siblings.map(({ id }) => id));
  }
  return { entries: known, children };
}

/** The tree with one entry more. */
export function withEntry(tree: Tree, entry: Entry): Tree {
  const siblings = tree.children.get(entry.parent) ?? [];
  return {
    entries: new Map(tree.entries).set(entry.id, entry),
    children: new Map(tree.children).set(entry.parent, [...siblings, entry.id]),
  };
}

/** The tree with another content of an entry; a tree without the entry stays as it is. */
export function changed(tree: Tree, id: string, change: (entry: Entry) => Partial<Entry>): Tree {
  const entry = tree.entries.get(id);
  if (entry === undefined) return tree;
  const entries = new Map(tree.entries).set(id, { ...entry, ...change(entry) });
  return { entries, children: tree.children };
}

/** The entries from the first question to `head`. */
export function pathTo(tree: Tree, head: string | null): Entry[] {
  return [...upwards(tree, head)].reverse();
}

/** The last entry on the way to `head` that is wanted. */
export function lastOnPath(
  tree: Tree,
  head: string | null,
  isWanted: (entry: Entry) => boolean,
): Entry | undefined {
  for (const entry of upwards(tree, head)) {
    if (isWanted(entry)) return entry;
  }
  return undefined;
}

function* upwards(tree: Tree, from: string | null): Generator<Entry> {
  let next = from;
  while (next !== null) {
    const entry = tree.entries.get(next);
    if (entry === undefined) return;
    yield entry;
    next = entry.parent;
  }
}

/** The end of the newest branch that goes through an entry. */
export function newestLeaf(tree: Tree, id: string): string {
  let leaf = id;
  for (;;) {
    const next = tree.children.get(leaf)?.at(-1);
    if (next === undefined) return leaf;
    leaf = next;
  }
}

/** The alternatives of an entry by the same author, itself among them, oldest first. */
export function alternativesOf(tree: Tree, entry: Entry): readonly string[] {
  const siblings = tree.children.get(entry.parent) ?? [];
  if (siblings.length < 2) return siblings;
  return siblings.filter((id) => tree.entries.get(id)?.author === entry.author);
}
