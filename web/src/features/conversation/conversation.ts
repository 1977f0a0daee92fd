import type { AnswerEnd, ChatMessage, Usage } from "../../api/types";
import type { Failure } from "../../errors/failure";

/**
 * `waiting` until the first text, then `streaming`, then one of the three ends. A turn that has
 * ended never changes again.
 */
export type Phase = "waiting" | "streaming" | "complete" | "stopped" | "failed";

export interface Turn {
  id: number;
  question: string;
  model: string;
  text: string;
  phase: Phase;
  /** Why the model itself ended. */
  end: AnswerEnd | null;
  usage: Usage | null;
  failure: Failure | null;
}

export interface Conversation {
  turns: Turn[];
}

export const EMPTY_CONVERSATION: Conversation = { turns: [] };

export type ConversationAction =
  | { kind: "asked"; id: number; question: string; model: string; replaces: number | null }
  | { kind: "received"; id: number; text: string }
  | { kind: "counted"; id: number; usage: Usage }
  | { kind: "completed"; id: number; end: AnswerEnd }
  | { kind: "stopped"; id: number }
  | { kind: "failed"; id: number; failure: Failure }
  | { kind: "cleared" };

export function isRunning({ phase }: Turn): boolean {
  return phase === "waiting" || phase === "streaming";
}

export function reduceConversation(
  conversation: Conversation,
  action: ConversationAction,
): Conversation {
  switch (action.kind) {
    case "asked":
      return { turns: [...withoutReplaced(conversation.turns, action.replaces), newTurn(action)] };
    case "received":
      return change(conversation, action.id, (turn) => ({
        phase: "streaming",
        text: turn.text + action.text,
      }));
    case "counted":
      return change(conversation, action.id, () => ({ usage: action.usage }));
    case "completed":
      return change(conversation, action.id, () => ({ phase: "complete", end: action.end }));
    case "stopped":
      return change(conversation, action.id, () => ({ phase: "stopped" }));
    case "failed":
      return change(conversation, action.id, () => ({ phase: "failed", failure: action.failure }));
    case "cleared":
      return EMPTY_CONVERSATION;
  }
}

/** What the model reads: the turns that have an answer, then the new question. */
export function messagesFor(turns: readonly Turn[], question: string): ChatMessage[] {
  const answered = turns.filter(({ phase, text }) => phase !== "failed" && text !== "");
  return [
    ...answered.flatMap((turn): ChatMessage[] => [
      { role: "user", content: turn.question },
      { role: "assistant", content: turn.text },
    ]),
    { role: "user", content: question },
  ];
}

function newTurn({ id, question, model }: { id: number; question: string; model: string }): Turn {
  const rest = { text: "", end: null, usage: null, failure: null };
  return { id, question, model, phase: "waiting", ...rest };
}

/** Sending again replaces a failed turn, unless it holds text: that is kept. */
function withoutReplaced(turns: readonly Turn[], replaced: number | null): Turn[] {
  return turns.filter(
    ({ id, text, phase }) => id !== replaced || text !== "" || phase !== "failed",
  );
}

function change(
  conversation: Conversation,
  id: number,
  update: (turn: Turn) => Partial<Turn>,
): Conversation {
  let hasChanged = false;
  const turns = conversation.turns.map((turn) => {
    if (turn.id !== id || !isRunning(turn)) return turn;
    hasChanged = true;
    return { ...turn, ...update(turn) };
  });
  return hasChanged ? { turns } : conversation;
}
