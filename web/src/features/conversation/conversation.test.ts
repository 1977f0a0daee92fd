// @vitest-environment node
import { describe, expect, test } from "vitest";

import { pageFailure } from "../../errors/failure";
import {
  lastKept,
  localIds,
  newConversation,
  reduceConversation,
  runningEntry,
  type Conversation,
  type ConversationAction,
} from "./conversation";
import type { Entry } from "./entry";
import { USAGE, answer, question } from "./testing/entries";
import { turnsOf } from "./turns";

const FAILURE = pageFailure("page.unreachable");

function sent(key: string, text: string | null, parentId: string | null = null): ConversationAction {
  const asked = text === null ? null : { text, attachments: [] };
  return { kind: "sent", key, request: { conversationId: "c", parentId, question: asked, model: "m" } };
}

function accepted(key: string, inputId: string | null, entryId: string): ConversationAction {
  return { kind: "accepted", key, ids: { conversationId: "c", inputId, entryId }, at: 1 };
}

function loaded(entries: Entry[], head: string | null): ConversationAction {
  return { kind: "loaded", name: "n", model: "m", entries, head, at: 1 };
}

function ended(entryId: string, rest: Partial<Entry> = {}): ConversationAction {
  const none = { usage: null, requestId: null, failure: null };
  return { kind: "ended", entryId, state: "complete", ...none, ...rest };
}

function play(...actions: ConversationAction[]): Conversation {
  return actions.reduce(reduceConversation, newConversation(null));
}

/** Each turn as `question/answer/phase`. */
function shown({ tree, head }: Conversation): string[] {
  return turnsOf(tree, head, []).map(
    ({ question: asked, answer: given }) => `${asked.text}/${given?.text ?? "-"}/${given?.phase ?? "-"}`,
  );
}

describe("a question", () => {
  test("is shown at once, then accepted, written and complete", () => {
    const asked = play(sent("k", "q"));
    expect(shown(asked)).toEqual(["q//waiting"]);
    expect(runningEntry(asked)).toBeNull();
    const taken = reduceConversation(asked, accepted("k", "m1", "m2"));
    expect(taken.id).toBe("c");
    expect(taken.sending).toBeNull();
    expect(runningEntry(taken)?.id).toBe("m2");
    const written = reduceConversation(taken, { kind: "received", entryId: "m2", text: "a" });
    expect(shown(written)).toEqual(["q/a/writing"]);
    expect(shown(reduceConversation(written, ended("m2")))).toEqual(["q/a/complete"]);
  });

  test("keeps its key when it gets its id", () => {
    const before = turnsOf(play(sent("k", "q")).tree, localIds("k").answer, []);
    const taken = play(sent("k", "q"), accepted("k", "m1", "m2"));
    expect(taken.model).toBe("m");
    expect(turnsOf(taken.tree, taken.head, [])[0]?.key).toBe(before[0]?.key);
  });

  test("takes nothing after its end", () => {
    const conversation = play(
      sent("k", "q"),
      accepted("k", "m1", "m2"),
      ended("m2", { state: "stopped" }),
      { kind: "received", entryId: "m2", text: "late" },
      ended("m2"),
    );
    expect(shown(conversation)).toEqual(["q//stopped"]);
  });

  test("that is withdrawn is gone, and the branch before is shown", () => {
    const before = play(sent("k", "q"), accepted("k", "m1", "m2"), ended("m2"));
    const asked = reduceConversation(before, sent("l", "r", "m2"));
    expect(shown(asked)).toEqual(["q//complete", "r//waiting"]);
    const back = reduceConversation(asked, { kind: "withdrawn", isBusyElsewhere: true });
    expect(shown(back)).toEqual(["q//complete"]);
    expect(back.isBusyElsewhere).toBe(true);
  });

  test("that failed stays when another one is asked", () => {
    const failed = play(
      sent("k", "q"),
      accepted("k", "m1", "m2"),
      ended("m2"),
      sent("l", "lost?", "m2"),
      { kind: "refused", failure: FAILURE },
    );
    expect(shown(failed)).toEqual(["q//complete", "lost?//failed"]);
    expect(lastKept(failed)).toBe("m2");
    const next = reduceConversation(failed, sent("n", "next", "m2"));
    expect(shown(next)).toEqual(["q//complete", "next//waiting"]);
    expect(turnsOf(next.tree, next.head, [])[1]?.branches.ids).toHaveLength(2);
    // Nor does a reload lose it.
    const entries = [question("m1", null, "q"), answer("m2", "m1", { text: "" })];
    const reloaded = reduceConversation(next, loaded(entries, "m2"));
    expect(turnsOf(reloaded.tree, reloaded.head, [])[1]?.branches.ids).toHaveLength(2);
  });

  test("sent once more waits again", () => {
    const again = play(
      sent("k", "q"),
      { kind: "refused", failure: FAILURE },
      { kind: "phased", phase: "sending" },
    );
    expect(shown(again)).toEqual(["q//waiting"]);
  });
});

describe("an answer", () => {
  const before = play(
    sent("k", "q"),
    accepted("k", "m1", "m2"),
    { kind: "received", entryId: "m2", text: "Hello " },
    ended("m2", { state: "stopped" }),
  );

  test("is continued as one", () => {
    const more = [
      sent("l", null, "m2"),
      accepted("l", null, "m3"),
      { kind: "received", entryId: "m3", text: "world" },
      ended("m3"),
    ] as ConversationAction[];
    expect(shown(more.reduce(reduceConversation, before))).toEqual(["q/Hello world/complete"]);
  });

  test("is given again beside the first one", () => {
    const again = reduceConversation(before, sent("l", null, "m1"));
    expect(shown(again)).toEqual(["q//waiting"]);
    const taken = reduceConversation(again, accepted("l", null, "m3"));
    const [turn] = turnsOf(taken.tree, taken.head, []);
    expect(turn?.answer?.branches).toEqual({ ids: ["m2", "m3"], at: 1 });
    const back = reduceConversation(taken, { kind: "headMoved", head: "m2" });
    expect(shown(back)).toEqual(["q/Hello /stopped"]);
  });
});

describe("a reload", () => {
  const running = play(
    sent("k", "q"),
    accepted("k", "m1", "m2"),
    { kind: "received", entryId: "m2", text: "Hello world" },
  );
  const entries = (rest: Partial<Entry>): Entry[] => [
    question("m1", null, "q"),
    answer("m2", "m1", rest),
  ];

  test("keeps what was read ahead of a running answer", () => {
    const saved = entries({ text: "Hello", state: "running" });
    expect(shown(reduceConversation(running, loaded(saved, "m2")))).toEqual(["q/Hello world/writing"]);
  });

  test("takes the text of the server once the answer has ended", () => {
    const saved = entries({ text: "Hello", state: "interrupted" });
    expect(shown(reduceConversation(running, loaded(saved, "m2")))).toEqual(["q/Hello/interrupted"]);
  });

  test("that began before the end takes nothing back", () => {
    const usage = { ...USAGE };
    const done = reduceConversation(running, ended("m2", { usage }));
    const stale = entries({ text: "Hello", state: "running" });
    const after = reduceConversation(done, loaded(stale, "m2"));
    expect(shown(after)).toEqual(["q/Hello world/complete"]);
    expect(after.tree.entries.get("m2")?.usage).toBe(usage);
    expect(runningEntry(after)).toBeNull();
  });

  test("does not go ahead of the text that arrives", () => {
    const ahead = entries({ text: "Hello world, and more", state: "running" });
    expect(shown(reduceConversation(running, loaded(ahead, "m2")))).toEqual(["q/Hello world/writing"]);
  });

  test("that began before a question was taken leaves it there", () => {
    const done = reduceConversation(running, ended("m2"));
    const asked = [sent("l", "r", "m2"), accepted("l", "m3", "m4")].reduce(reduceConversation, done);
    const after = reduceConversation(asked, loaded(entries({ text: "Hello world" }), asked.head));
    expect(shown(after)).toEqual(["q/Hello world/complete", "r//waiting"]);
  });

  test("may tell an answer before its question", () => {
    const opened = reduceConversation(
      newConversation("c"),
      loaded(entries({ text: "a" }).toReversed(), "m2"),
    );
    expect(shown(opened)).toEqual(["q/a/complete"]);
  });

  test("leaves what did not change as the same objects", () => {
    const done = reduceConversation(running, ended("m2", { usage: USAGE }));
    const before = turnsOf(done.tree, done.head, []);
    const saved = entries({ text: "Hello world", state: "complete", usage: { ...USAGE } });
    const after = reduceConversation(done, loaded(saved, "m2"));
    const [first, second] = [before[0], turnsOf(after.tree, after.head, before)[0]];
    expect(second?.answer?.last).toBe(first?.answer?.last);
  });

  test("keeps what is on its way", () => {
    const asked = reduceConversation(reduceConversation(running, ended("m2")), sent("l", "r", "m2"));
    const after = reduceConversation(asked, loaded(entries({ text: "Hello world" }), "m2"));
    expect(shown(after)).toEqual(["q/Hello world/complete", "r//waiting"]);
  });

  test("places the latest question once", () => {
    const opened = reduceConversation(newConversation("c"), loaded(entries({}), "m2"));
    expect(opened.placed).toEqual({ key: "m1", count: 1 });
    expect(reduceConversation(opened, loaded(entries({}), "m2")).placed).toBe(opened.placed);
  });

  test("that fails leaves what is there, marked as old", () => {
    const opened = reduceConversation(newConversation("c"), loaded(entries({}), "m2"));
    const failed = reduceConversation(opened, { kind: "loadFailed", failure: FAILURE });
    expect(failed.load).toEqual({ kind: "ready", at: 1, isStale: true });
    const gone = { ...FAILURE, code: "conversation.not_found" };
    expect(reduceConversation(opened, { kind: "loadFailed", failure: gone }).load.kind).toBe("failed");
  });
});
