import type { Usage } from "../../api/types";
import type { Failure } from "../../errors/failure";
import type { TurnRequest } from "./api/conversations";
import type { EntryState } from "./api/wire";
import { isRunning, type Entry } from "./entry";
import { EMPTY_TREE, changed, lastOnPath, treeOf, withEntry, type Tree } from "./tree";
import { isSameUsage } from "./usage";

/** How far a question on its way to the server is. */
export interface Sending {
  /** The idempotency key: the same for every attempt. */
  key: string;
  request: TurnRequest;
  /** `waiting`: the server is out of reach; `held`: nobody is signed in. */
  phase: "sending" | "waiting" | "held" | "failed";
}

/** What is known of the conversation as a whole. */
export type Load =
  | { kind: "none" }
  | { kind: "loading" }
  | { kind: "ready"; at: number; isStale: boolean }
  | { kind: "failed"; failure: Failure };

export interface Conversation {
  id: string | null;
  name: string | null;
  /** The model that was asked last; `null` until it is known. */
  model: string | null;
  load: Load;
  tree: Tree;
  head: string | null;
  sending: Sending | null;
  isConnectionLost: boolean;
  /** Another tab began the answer that is being written, and what was asked here did not go. */
  isBusyElsewhere: boolean;
  /** What could not be done, apart from questions and answers. */
  failure: Failure | null;
  /** The turn to be placed at the top, and how often one was placed. */
  placed: { key: string | null; count: number };
}

/** The names that the server gave. */
export interface AcceptedIds {
  conversationId: string;
  /** `null` where an earlier question is answered again, or an answer continued. */
  inputId: string | null;
  entryId: string;
}

export type ConversationAction =
  | { kind: "loading" }
  | {
      kind: "loaded";
      name: string | null;
      model: string | null;
      entries: readonly Entry[];
      head: string | null;
      at: number;
    }
  | { kind: "loadFailed"; failure: Failure }
  | { kind: "sent"; key: string; request: TurnRequest }
  | { kind: "phased"; phase: Sending["phase"] }
  | { kind: "accepted"; key: string; ids: AcceptedIds; at: number }
  | { kind: "withdrawn"; isBusyElsewhere: boolean }
  | { kind: "refused"; failure: Failure }
  | { kind: "received"; entryId: string; text: string }
  | {
      kind: "ended";
      entryId: string;
      state: EntryState;
      usage: Usage | null;
      requestId: string | null;
      failure: Failure | null;
    }
  | { kind: "headMoved"; head: string | null }
  | { kind: "connection"; isLost: boolean }
  | { kind: "failed"; failure: Failure | null };

const NONE: Load = { kind: "none" };

export function newConversation(id: string | null): Conversation {
  return {
    id,
    name: null,
    model: null,
    load: id === null ? NONE : { kind: "loading" },
    tree: EMPTY_TREE,
    head: null,
    sending: null,
    isConnectionLost: false,
    isBusyElsewhere: false,
    failure: null,
    placed: { key: null, count: 0 },
  };
}

/** The ids that a question and its answer have until the server has named them. */
export function localIds(key: string): { question: string; answer: string } {
  return { question: `local:${key}:question`, answer: `local:${key}:answer` };
}

export function isLocal(id: string): boolean {
  return id.startsWith("local:");
}

/** The end of the shown branch, as far as the server has it. */
export function lastKept({ tree, head }: Conversation): string | null {
  return lastOnPath(tree, head, ({ id }) => !isLocal(id))?.id ?? null;
}

/** The answer that is being written on the server, if one is. */
export function runningEntry({ tree }: Conversation): Entry | null {
  for (const entry of tree.entries.values()) {
    if (isRunning(entry) && !isLocal(entry.id)) return entry;
  }
  return null;
}

export function reduceConversation(
  conversation: Conversation,
  action: ConversationAction,
): Conversation {
  switch (action.kind) {
    case "loading":
      return conversation.load.kind === "ready"
        ? conversation
        : { ...conversation, load: { kind: "loading" } };
    case "loaded":
      return loaded(conversation, action);
    case "loadFailed":
      return { ...conversation, load: failedLoad(conversation.load, action.failure) };
    case "sent":
      return sent(conversation, action.key, action.request);
    case "phased":
      return phased(conversation, action.phase);
    case "accepted":
      return accepted(conversation, action);
    case "withdrawn":
      return { ...withoutSending(conversation), isBusyElsewhere: action.isBusyElsewhere };
    case "refused":
      return refused(conversation, action.failure);
    case "received":
      return inTree(conversation, action.entryId, ({ text }) => ({ text: text + action.text }));
    case "ended":
      return ended(conversation, action);
    case "headMoved":
      return { ...conversation, head: action.head };
    case "connection":
      return conversation.isConnectionLost === action.isLost
        ? conversation
        : { ...conversation, isConnectionLost: action.isLost };
    case "failed":
      return { ...conversation, failure: action.failure };
  }
}

type Action<Kind extends ConversationAction["kind"]> = Extract<ConversationAction, { kind: Kind }>;

/** Takes over what the server had when the read began. What happened since then stays. */
function loaded(conversation: Conversation, action: Action<"loaded">): Conversation {
  const known = conversation.tree.entries;
  const read = action.entries.map((entry) => merged(entry, known.get(entry.id)));
  const isRead = new Set(read.map(({ id }) => id));
  const isFirst = conversation.load.kind !== "ready";
  // Nothing ever leaves a conversation: what was not read is newer, or not on the server yet.
  const tree = treeOf([...read, ...[...known.values()].filter(({ id }) => !isRead.has(id))]);
  let { head } = action;
  if (conversation.sending !== null) {
    const { answer } = localIds(conversation.sending.key);
    if (tree.entries.has(answer)) head = answer;
  }
  const latest = isFirst ? lastOnPath(tree, head, isQuestion) : undefined;
  return {
    ...conversation,
    name: action.name,
    model: action.model,
    load: readyAt(action.at),
    tree,
    head,
    placed: latest === undefined ? conversation.placed : placedAt(conversation, latest.key),
  };
}

/** The newer of two states of an entry, as the same object if nothing changed. */
function merged(entry: Entry, known: Entry | undefined): Entry {
  if (known === undefined) return entry;
  // What is here goes on from its own last byte, or has ended since the read began.
  if (isRunning(entry)) return known;
  const failure = entry.failure?.code === known.failure?.code ? known.failure : entry.failure;
  const usage = isSameUsage(entry.usage, known.usage) ? known.usage : (entry.usage ?? known.usage);
  const { text, state } = entry;
  const isSame =
    text === known.text &&
    state === known.state &&
    usage === known.usage &&
    failure === known.failure;
  return isSame ? known : { ...entry, key: known.key, failure, usage };
}

function failedLoad(load: Load, failure: Failure): Load {
  const isGone = failure.code === "conversation.not_found";
  return load.kind === "ready" && !isGone ? { ...load, isStale: true } : { kind: "failed", failure };
}

/** Shows the question, and that an answer is awaited, before the server knows of either. */
function sent(conversation: Conversation, key: string, request: TurnRequest): Conversation {
  const ids = localIds(key);
  const { question, parentId, model } = request;
  let { tree } = conversation;
  let parent = parentId;
  if (question !== null) {
    const { text, attachments } = question;
    const none = { usage: null, requestId: null, failure: null } as const;
    const common = { model: "", ...none, state: "complete" } as const;
    const id = ids.question;
    tree = withEntry(tree, { id, key: id, parent, author: "user", text, attachments, ...common });
    parent = id;
  }
  const none = { usage: null, requestId: null, failure: null } as const;
  const rest = { text: "", attachments: [], model, ...none } as const;
  const id = ids.answer;
  tree = withEntry(tree, { id, key: id, parent, author: "assistant", state: "running", ...rest });
  const asked = lastOnPath(tree, id, isQuestion);
  return {
    ...conversation,
    tree,
    head: id,
    sending: { key, request, phase: "sending" },
    isBusyElsewhere: false,
    failure: null,
    placed: placedAt(conversation, asked?.key ?? null),
  };
}

function isQuestion({ author }: Entry): boolean {
  return author === "user";
}

function placedAt({ placed }: Conversation, key: string | null): Conversation["placed"] {
  return { key, count: placed.count + 1 };
}

function phased(conversation: Conversation, phase: Sending["phase"]): Conversation {
  const { sending } = conversation;
  if (sending === null || sending.phase === phase) return conversation;
  const { answer } = localIds(sending.key);
  const next = { ...conversation, sending: { ...sending, phase } };
  // Sent again after a failure: the answer is awaited once more.
  return phase === "failed"
    ? next
    : inTree(next, answer, () => ({ state: "running", failure: null }));
}

/** Gives the question and its answer the names of the server; their keys stay. */
function accepted(conversation: Conversation, action: Action<"accepted">): Conversation {
  const { sending } = conversation;
  if (sending === null || sending.key !== action.key) return conversation;
  const ids = localIds(action.key);
  const { conversationId, inputId, entryId } = action.ids;
  const names = new Map([[ids.answer, entryId]]);
  if (inputId !== null) names.set(ids.question, inputId);
  const renamed = (id: string): string => names.get(id) ?? id;
  const present = new Set(names.values());
  const entries = [...conversation.tree.entries.values()]
    // A reload in between may have brought the same entries under their names already.
    .filter(({ id }) => !present.has(id))
    .map((entry) => {
      const id = renamed(entry.id);
      const parent = entry.parent === null ? null : renamed(entry.parent);
      return id === entry.id && parent === entry.parent ? entry : { ...entry, id, parent };
    });
  return {
    ...conversation,
    id: conversationId,
    // Each turn makes its model that of the conversation.
    model: sending.request.model,
    // A conversation that began in this tab needs no reading.
    load: conversation.load.kind === "ready" ? conversation.load : readyAt(action.at),
    tree: treeOf(entries),
    head: conversation.head === null ? null : renamed(conversation.head),
    sending: null,
    isConnectionLost: false,
  };
}

function readyAt(at: number): Load {
  return { kind: "ready", at, isStale: false };
}

/** Takes back what was not accepted: its entries go, the branch shown before comes back. */
function withoutSending(conversation: Conversation): Conversation {
  const { sending, tree } = conversation;
  if (sending === null) return conversation;
  const ids = localIds(sending.key);
  const local = new Set([ids.question, ids.answer]);
  const entries = [...tree.entries.values()].filter(({ id }) => !local.has(id));
  const isShown = conversation.head !== null && local.has(conversation.head);
  return {
    ...conversation,
    tree: treeOf(entries),
    head: isShown ? headBefore(sending.request, treeOf(entries)) : conversation.head,
    sending: null,
  };
}

function headBefore({ parentId }: TurnRequest, tree: Tree): string | null {
  return parentId !== null && tree.entries.has(parentId) ? parentId : null;
}

function refused(conversation: Conversation, failure: Failure): Conversation {
  const { sending } = conversation;
  if (sending === null) return conversation;
  const { answer } = localIds(sending.key);
  const next = inTree(conversation, answer, () => ({ state: "failed", failure }));
  return { ...next, sending: { ...sending, phase: "failed" } };
}

function ended(conversation: Conversation, action: Action<"ended">): Conversation {
  const { state, usage, requestId, failure } = action;
  const end = { state, usage, requestId, failure };
  const next = inTree(conversation, action.entryId, () => end);
  return { ...next, isConnectionLost: false, isBusyElsewhere: false };
}

/** Changes a running entry, or the failed answer of a question that is sent again. */
function inTree(
  conversation: Conversation,
  id: string,
  change: (entry: Entry) => Partial<Entry>,
): Conversation {
  const entry = conversation.tree.entries.get(id);
  if (entry === undefined || (!isRunning(entry) && !isLocal(id))) return conversation;
  return { ...conversation, tree: changed(conversation.tree, id, change) };
}
