// @vitest-environment node
import { describe, expect, test } from "vitest";

import { pageFailure } from "../../errors/failure";
import {
  EMPTY_CONVERSATION,
  messagesFor,
  reduceConversation,
  type Conversation,
  type ConversationAction,
} from "./conversation";

const FAILURE = pageFailure("page.interrupted");

function asked(id: number, question: string, replaces: number | null = null): ConversationAction {
  return { kind: "asked", id, question, model: "m", replaces };
}

function play(...actions: ConversationAction[]): Conversation {
  return actions.reduce(reduceConversation, EMPTY_CONVERSATION);
}

/** Each turn as `question/text/phase`. */
function check(actions: ConversationAction[], expected: string[]): void {
  const { turns } = play(...actions);
  expect(turns.map(({ question, text, phase }) => `${question}/${text}/${phase}`)).toEqual(
    expected,
  );
}

describe("a turn", () => {
  test("waits, streams, completes", () => {
    check([asked(1, "q")], ["q//waiting"]);
    check([asked(1, "q"), { kind: "received", id: 1, text: "a" }], ["q/a/streaming"]);
    check(
      [
        asked(1, "q"),
        { kind: "received", id: 1, text: "a" },
        { kind: "received", id: 1, text: "b" },
        { kind: "completed", id: 1, end: "stop" },
      ],
      ["q/ab/complete"],
    );
  });

  test("keeps its text when stopped, and takes nothing afterwards", () => {
    check(
      [
        asked(1, "q"),
        { kind: "received", id: 1, text: "a" },
        { kind: "stopped", id: 1 },
        { kind: "received", id: 1, text: "late" },
        { kind: "completed", id: 1, end: "stop" },
        { kind: "failed", id: 1, failure: FAILURE },
      ],
      ["q/a/stopped"],
    );
  });

  test("keeps its text when the server is gone", () => {
    const actions: ConversationAction[] = [
      asked(1, "q"),
      { kind: "received", id: 1, text: "a" },
      { kind: "failed", id: 1, failure: FAILURE },
    ];
    check(actions, ["q/a/failed"]);
    expect(play(...actions).turns[0]?.failure).toBe(FAILURE);
  });

  test("sent again replaces an empty failure and keeps one with text", () => {
    const failed: ConversationAction = { kind: "failed", id: 1, failure: FAILURE };
    check([asked(1, "q"), failed, asked(2, "q", 1)], ["q//waiting"]);
    check(
      [asked(1, "q"), { kind: "received", id: 1, text: "a" }, failed, asked(2, "q", 1)],
      ["q/a/failed", "q//waiting"],
    );
  });
});

test("an action for a turn that is gone changes nothing", () => {
  const cleared = play(asked(1, "q"), { kind: "cleared" });
  expect(cleared.turns).toEqual([]);
  expect(reduceConversation(cleared, { kind: "received", id: 1, text: "late" })).toBe(cleared);
});

test("streaming leaves the other turns as the same objects", () => {
  const before = play(asked(1, "q"), { kind: "completed", id: 1, end: "stop" }, asked(2, "r"));
  const after = reduceConversation(before, { kind: "received", id: 2, text: "a" });
  expect(after.turns[0]).toBe(before.turns[0]);
});

test("the model reads answered and stopped turns, not failed or empty ones", () => {
  const { turns } = play(
    asked(1, "one"),
    { kind: "received", id: 1, text: "first" },
    { kind: "completed", id: 1, end: "stop" },
    asked(2, "two"),
    { kind: "received", id: 2, text: "half" },
    { kind: "stopped", id: 2 },
    asked(3, "three"),
    { kind: "stopped", id: 3 },
    asked(4, "four"),
    { kind: "received", id: 4, text: "broken" },
    { kind: "failed", id: 4, failure: FAILURE },
  );
  expect(messagesFor(turns, "five").map(({ content }) => content)).toEqual([
    "one",
    "first",
    "two",
    "half",
    "five",
  ]);
});
