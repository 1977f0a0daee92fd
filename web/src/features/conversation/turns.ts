import type { Usage } from "../../api/types";
import { isRunning, type Entry } from "./entry";
import { alternativesOf, pathTo, type Tree } from "./tree";
import { sumOfUsages } from "./usage";

/** Where an entry stands among its alternatives. */
export interface Branches {
  ids: readonly string[];
  at: number;
}

/** `waiting` until the first text, then `writing`, then one of the ends. */
export type Phase =
  "waiting" | "writing" | "complete" | "length" | "stopped" | "failed" | "interrupted";

/** An answer: one entry, and those that continue it. */
export interface Answer {
  parts: readonly Entry[];
  last: Entry;
  text: string;
  phase: Phase;
  /** What the receipts of its parts are asked by, as far as they are known. */
  requestIds: readonly string[];
  /** What all parts used together; `null` when none is counted. */
  usage: Usage | null;
  branches: Branches;
}

/** One question of the shown path, and its answer. */
export interface Turn {
  key: string;
  question: Entry;
  branches: Branches;
  answer: Answer | null;
}

/** The turns of the path to `head`. Turns of `before` that did not change stay the same objects. */
export function turnsOf(tree: Tree, head: string | null, before: readonly Turn[]): Turn[] {
  const turns: Turn[] = [];
  let question: Entry | null = null;
  let parts: Entry[] = [];
  const close = (): void => {
    if (question !== null) turns.push(reused(turnOf(tree, question, parts), before[turns.length]));
  };
  for (const entry of pathTo(tree, head)) {
    if (entry.author === "assistant") {
      parts.push(entry);
      continue;
    }
    close();
    question = entry;
    parts = [];
  }
  close();
  const isSame = turns.length === before.length && turns.every((turn, at) => turn === before[at]);
  return isSame ? (before as Turn[]) : turns;
}

export function isTurnRunning({ answer }: Turn): boolean {
  return answer !== null && isRunning(answer.last);
}

function turnOf(tree: Tree, question: Entry, parts: readonly Entry[]): Turn {
  return {
    key: question.key,
    question,
    branches: branchesOf(tree, question),
    answer: answerOf(tree, parts),
  };
}

function answerOf(tree: Tree, parts: readonly Entry[]): Answer | null {
  const [first] = parts;
  const last = parts.at(-1);
  if (first === undefined || last === undefined) return null;
  return {
    parts,
    last,
    text: parts.map(({ text }) => text).join(""),
    phase: phaseOf(last),
    requestIds: parts.flatMap(({ requestId }) => requestId ?? []),
    usage: sumOfUsages(parts.flatMap(({ usage }) => (usage === null ? [] : [usage]))),
    branches: branchesOf(tree, first),
  };
}

function phaseOf({ state, text }: Entry): Phase {
  if (state !== "running") return state;
  return text === "" ? "waiting" : "writing";
}

function branchesOf(tree: Tree, entry: Entry): Branches {
  const ids = alternativesOf(tree, entry);
  return { ids, at: ids.indexOf(entry.id) };
}

function reused(turn: Turn, before: Turn | undefined): Turn {
  return before !== undefined && isSameTurn(turn, before) ? before : turn;
}

function isSameTurn(turn: Turn, other: Turn): boolean {
  return (
    turn.question === other.question &&
    isSameBranches(turn.branches, other.branches) &&
    isSameAnswer(turn.answer, other.answer)
  );
}

function isSameAnswer(answer: Answer | null, other: Answer | null): boolean {
  if (answer === null || other === null) return answer === other;
  return (
    answer.parts.length === other.parts.length &&
    answer.parts.every((part, at) => part === other.parts[at]) &&
    isSameBranches(answer.branches, other.branches)
  );
}

function isSameBranches(branches: Branches, other: Branches): boolean {
  return (
    branches.at === other.at &&
    branches.ids.length === other.ids.length &&
    branches.ids.every((id, at) => id === other.ids[at])
  );
}
