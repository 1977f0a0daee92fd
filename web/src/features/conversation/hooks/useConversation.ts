import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { sessionExpiry } from "../../session/expiry";
import type { Failure } from "../../../errors/failure";
import {
  fetchConversation,
  followTurn,
  moveHead,
  postTurn,
  stopTurn,
} from "../api/conversations";
import { isLocal, runningEntry, type Conversation } from "../conversation";
import type { Question } from "../entry";
import { newestLeaf } from "../tree";
import { turnsOf, type Turn } from "../turns";
import {
  LiveConversation,
  type ConversationPorts,
  type GrowingText,
  type Outcome,
} from "./live-conversation";
import { newKey } from "./new-key";

/** Where the conversation stands as a whole; the state of each answer is in its turn. */
export type ConversationStatus = "empty" | "loading" | "ready" | "failed" | "denied";

export interface ConversationControl {
  id: string | null;
  /** Another number for another conversation; it stays when a new one gets its id. */
  serial: number;
  /** The title that the server keeps; `null` until it is known. */
  name: string | null;
  /** The model that was asked last; `null` until it is known. */
  model: string | null;
  status: ConversationStatus;
  /** Why the conversation cannot be shown. */
  failure: Failure | null;
  /** Why the last stop or change of branch did not work. */
  commandFailure: Failure | null;
  /** What is shown could not be refreshed since this time, in milliseconds since 1970. */
  staleSince: number | null;
  /** A running answer has the text with which it began; `growingText` tells the rest. */
  turns: readonly Turn[];
  /** Always the same object for one conversation. */
  growingText: GrowingText;
  /** The turn to place at the top; `count` changes when it is to be placed again. */
  placed: { key: string | null; count: number };
  isAnswering: boolean;
  /** The answer goes on at the server, and this tab looks for it. */
  isConnectionLost: boolean;
  /** How the question that is on its way fares. */
  sendingPhase: "sending" | "waiting" | "held" | "failed" | null;
  /** What was asked here did not go: another tab began the answer that is being written. */
  isBusyElsewhere: boolean;
  ask: (question: Question, model: string) => Promise<Outcome>;
  answerAgain: (turn: Turn, model: string) => void;
  continueAnswer: (turn: Turn) => void;
  editQuestion: (turn: Turn, text: string, model: string) => Promise<Outcome>;
  /** Shows the newest branch through this entry. */
  showBranch: (entryId: string) => void;
  stop: () => void;
  reload: () => void;
  /** Begins anew where no other address does: this conversation has none (yet). */
  startAnew: () => void;
}

export interface ConversationOptions {
  /** The server has taken the first question of a new conversation. */
  onStarted?: (conversationId: string) => void;
  /** A turn began or ended. */
  onChanged?: (conversationId: string) => void;
}

const PORTS: ConversationPorts = {
  fetchConversation,
  postTurn,
  followTurn,
  stopTurn,
  moveHead,
  signedIn: (signal) => sessionExpiry.signedIn(signal),
  newKey,
  now: () => Date.now(),
};

/** The conversation with this id, or a new one; see `LiveConversation` for how it keeps up. */
export function useConversation(
  conversationId: string | null,
  options: ConversationOptions = {},
): ConversationControl {
  const { live, startAnew } = useLive(conversationId);
  const state = useSyncExternalStore(live.subscribe, live.outline);
  useWakeups(live);
  useChanges(state, conversationId, options);
  const turns = useTurns(state);

  const ask = useCallback(
    (question: Question, model: string) => live.ask(question, model),
    [live],
  );
  const actions = useMemo(
    () => ({
      answerAgain: (turn: Turn, model: string) => void answerAgain(live, turn, model),
      continueAnswer: ({ answer }: Turn) => {
        if (answer === null) return;
        const { id: parentId, model } = answer.last;
        void live.send({ parentId, question: null, model });
      },
      editQuestion: ({ question }: Turn, text: string, model: string) => {
        const { parent: parentId, attachments } = question;
        return live.send({ parentId, question: { text, attachments }, model });
      },
      showBranch: (entryId: string) => void live.showBranch(newestLeaf(live.state.tree, entryId)),
      stop: () => void live.stop(),
      reload: () => live.reload(),
    }),
    [live],
  );

  const { load, sending } = state;
  const sendingPhase = sending?.phase ?? null;
  const isSending = sendingPhase !== null && sendingPhase !== "failed";
  return {
    id: state.id,
    serial: live.serial,
    name: state.name,
    model: state.model,
    status: statusOf(state, turns.length),
    failure: load.kind === "failed" ? load.failure : null,
    commandFailure: state.failure,
    staleSince: load.kind === "ready" && load.isStale ? load.at : null,
    turns,
    growingText: live.growingText,
    placed: state.placed,
    isAnswering: isSending || runningEntry(state) !== null,
    isConnectionLost: state.isConnectionLost,
    sendingPhase,
    isBusyElsewhere: state.isBusyElsewhere,
    ask,
    startAnew,
    ...actions,
  };
}

/** One live conversation per id. The one that got its id here stays the same. */
function useLive(conversationId: string | null) {
  const [live, setLive] = useState(() => new LiveConversation(conversationId, PORTS));
  const [shownId, setShownId] = useState(conversationId);
  let current = live;
  if (conversationId !== shownId) {
    setShownId(conversationId);
    if (conversationId === null || live.state.id !== conversationId) {
      current = new LiveConversation(conversationId, PORTS);
      setLive(current);
    }
  }
  useEffect(() => {
    live.open();
    return () => live.close();
  }, [live]);
  const startAnew = useCallback((): void => {
    const { id, sending } = live.state;
    if (id !== null || sending === null || sending.phase === "sending") return;
    setLive(new LiveConversation(null, PORTS));
  }, [live]);
  return { live: current, startAnew };
}

function useWakeups(live: LiveConversation): void {
  useEffect(() => {
    const wake = (): void => live.wake();
    const onVisibility = (): void => {
      if (document.visibilityState === "visible") live.wake();
    };
    window.addEventListener("online", wake);
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      window.removeEventListener("online", wake);
      document.removeEventListener("visibilitychange", onVisibility);
    };
  }, [live]);
}

/** Tells the page of a new id, and of every turn that begins or ends. */
function useChanges(
  state: Conversation,
  conversationId: string | null,
  options: ConversationOptions,
): void {
  const later = useRef(options);
  useEffect(() => {
    later.current = options;
  });
  const { id } = state;
  useEffect(() => {
    if (id !== null && conversationId === null) later.current.onStarted?.(id);
  }, [id, conversationId]);
  const running = runningEntry(state)?.id ?? null;
  const before = useRef({ id, running });
  useEffect(() => {
    const { current } = before;
    before.current = { id, running };
    const isNew = current.id === null && id !== null;
    const isSame = current.id === id && current.running === running;
    if (id !== null && !isSame && (isNew || current.id === id)) later.current.onChanged?.(id);
  }, [id, running]);
}

function useTurns({ tree, head }: Conversation): readonly Turn[] {
  const [cache] = useState<{ turns: readonly Turn[] }>(() => ({ turns: [] }));
  return useMemo(() => {
    cache.turns = turnsOf(tree, head, cache.turns);
    return cache.turns;
  }, [cache, tree, head]);
}

function statusOf({ load, sending }: Conversation, turns: number): ConversationStatus {
  if (load.kind === "failed") {
    const isDenied = /^(?:conversation\.not_found|access\.|residency\.)/u.test(load.failure.code);
    return isDenied ? "denied" : "failed";
  }
  if (load.kind === "loading" && sending === null) return "loading";
  return turns === 0 ? "empty" : "ready";
}

async function answerAgain(live: LiveConversation, turn: Turn, model: string): Promise<void> {
  const { question, answer } = turn;
  if (isLocal(question.id)) {
    await live.sendAgain(question, model);
    return;
  }
  // A continuation that failed is tried again from where it began.
  const parts = answer?.parts ?? [];
  const isBrokenPart = parts.length > 1 && answer?.last.state === "failed";
  const parentId = isBrokenPart ? (answer?.last.parent ?? question.id) : question.id;
  await live.send({ parentId, question: null, model });
}
