import { useCallback, useEffect, useReducer, useRef } from "react";

import type { AnswerEnd } from "../../../api/types";
import { failureOf } from "../../../errors/failure";
import { streamAnswer } from "../api/answer";
import {
  EMPTY_CONVERSATION,
  isRunning,
  messagesFor,
  reduceConversation,
  type ConversationAction,
  type Turn,
} from "../conversation";
import { TextBatch } from "./text-batch";

export interface ConversationControl {
  turns: Turn[];
  isAnswering: boolean;
  ask: (question: string, model: string) => void;
  sendAgain: (turn: Turn) => void;
  stop: () => void;
  clear: () => void;
}

/** Holds the conversation of this tab and runs one answer at a time. */
export function useConversation(): ConversationControl {
  const [{ turns }, dispatch] = useReducer(reduceConversation, EMPTY_CONVERSATION);
  const running = useRef<{ id: number; abort: AbortController } | null>(null);
  const turnsNow = useRef(turns);
  const lastId = useRef(0);
  useEffect(() => {
    turnsNow.current = turns;
  }, [turns]);

  const start = useCallback((question: string, model: string, replaces: number | null): void => {
    if (running.current !== null) return;
    lastId.current += 1;
    const id = lastId.current;
    const abort = new AbortController();
    running.current = { id, abort };
    const earlier = turnsNow.current.filter((turn) => turn.id !== replaces);
    dispatch({ kind: "asked", id, question, model, replaces });
    const request = { model, messages: messagesFor(earlier, question) };
    void runAnswer(id, request, abort.signal, dispatch).finally(() => {
      if (running.current?.id === id) running.current = null;
    });
  }, []);

  const stop = useCallback((): void => {
    if (running.current === null) return;
    running.current.abort.abort();
    running.current = null;
  }, []);

  const clear = useCallback((): void => {
    stop();
    dispatch({ kind: "cleared" });
  }, [stop]);

  const ask = useCallback(
    (question: string, model: string) => start(question, model, null),
    [start],
  );
  const sendAgain = useCallback((turn: Turn) => start(turn.question, turn.model, turn.id), [start]);

  return { turns, isAnswering: turns.some(isRunning), ask, sendAgain, stop, clear };
}

/** Streams one answer into the state. Text is handed over at most once a frame. */
async function runAnswer(
  id: number,
  request: Parameters<typeof streamAnswer>[0],
  signal: AbortSignal,
  dispatch: (action: ConversationAction) => void,
): Promise<void> {
  const batch = new TextBatch((text) => dispatch({ kind: "received", id, text }));
  let end: AnswerEnd = "stop";
  try {
    for await (const part of streamAnswer(request, signal)) {
      if (part.kind === "text") batch.add(part.text);
      else if (part.kind === "usage") dispatch({ kind: "counted", id, usage: part.usage });
      else end = part.end;
    }
    batch.flush();
    dispatch({ kind: "completed", id, end });
  } catch (thrown) {
    batch.flush();
    if (signal.aborted) dispatch({ kind: "stopped", id });
    else dispatch({ kind: "failed", id, failure: failureOf(thrown) });
  }
}
