import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { TurnEvent } from "../api/turn-events";
import { runningEntry } from "../conversation";
import { FakeServer, interrupted, refuse, unreachable } from "../testing/server";
import { numbersFrom, pick } from "../testing/random";
import { turnsOf } from "../turns";
import { LiveConversation, type Outcome } from "./live-conversation";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const QUESTION = { text: "q", attachments: [] };

/** Each turn as `question/answer/phase`. */
function shown(live: LiveConversation): string[] {
  const { tree, head } = live.state;
  return turnsOf(tree, head, []).map(
    ({ question, answer }) => `${question.text}/${answer?.text ?? "-"}/${answer?.phase ?? "-"}`,
  );
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(60_000);
}

/** Asks, and lets time pass. A question that failed here is `open`: it may yet arrive. */
async function ask(live: LiveConversation): Promise<Outcome | "open"> {
  return outcomeOf(live.ask(QUESTION, "m"));
}

async function outcomeOf(asked: Promise<Outcome>): Promise<Outcome | "open"> {
  await settled();
  return Promise.race([asked, Promise.resolve("open" as const)]);
}

/** Throws the first `times` times that it is called for an event that `isMeant`. */
function failing(times: number, fail: () => never, isMeant: () => boolean = () => true): () => void {
  let left = times;
  return () => {
    if (left === 0 || !isMeant()) return;
    left -= 1;
    fail();
  };
}

test("a first question gets its conversation and its answer", async () => {
  const server = new FakeServer();
  const live = new LiveConversation(null, server.ports());
  live.open();
  expect(await ask(live)).toBe("accepted");
  expect(live.state.id).toBe("c");
  expect(shown(live)).toEqual(["q/Hello world/complete"]);
});

test("a question is taken before its answer is complete", async () => {
  const server = new FakeServer();
  const live = new LiveConversation(null, server.ports());
  let whenAccepted = "";
  void live.ask(QUESTION, "m").then(() => {
    whenAccepted = shown(live)[0] ?? "";
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(whenAccepted).toMatch(/^q\//u);
});

test("text that is added to an answer is told to those who follow it, and leaves the outline", async () => {
  const server = new FakeServer();
  async function* slowly(): AsyncGenerator<TurnEvent> {
    const entryId = "a";
    yield { kind: "started", conversationId: "c", inputId: "q", entryId };
    for (const text of ["Hel", "lo ", "world"]) {
      yield { kind: "text", entryId, text, end: null };
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    yield { kind: "ended", entryId, state: "complete", usage: null, requestId: null, failure: null };
  }
  const live = new LiveConversation(null, { ...server.ports(), postTurn: slowly });
  const [onOutline, onText] = [vi.fn(), vi.fn()];
  live.subscribe(onOutline);
  live.growingText.subscribe(onText);
  void live.ask(QUESTION, "m");
  await vi.advanceTimersByTimeAsync(500);
  // The first piece makes it an answer that has begun.
  expect(shown(live)).toEqual(["q/Hel/writing"]);
  expect(onText).not.toHaveBeenCalled();
  const outline = live.outline();
  onOutline.mockClear();
  await vi.advanceTimersByTimeAsync(2000);
  expect(onText).toHaveBeenCalledTimes(2);
  expect(onOutline).not.toHaveBeenCalled();
  expect(live.outline()).toBe(outline);
  expect(live.growingText.of("a")).toBe("Hello world");
  expect(shown(live)).toEqual(["q/Hello world/writing"]);
  await vi.advanceTimersByTimeAsync(1000);
  expect(onOutline).toHaveBeenCalled();
  expect(live.outline().tree.entries.get("a")?.text).toBe("Hello world");
});

describe("a connection that is lost", () => {
  test("before the server has answered: the same key is sent again", async () => {
    const server = new FakeServer();
    server.disturb = failing(3, unreachable);
    const live = new LiveConversation(null, server.ports());
    expect(await ask(live)).toBe("accepted");
    expect(server.calls.filter((call) => call.startsWith("post"))).toEqual(
      Array.from({ length: 4 }, () => "post k1"),
    );
    expect(server.entries).toHaveLength(2);
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
  });

  test("after the server has taken the question: it counts once", async () => {
    const server = new FakeServer();
    let left = 1;
    server.disturb = ({ event }) => {
      if (event?.kind === "started" && left > 0) {
        left -= 1;
        interrupted();
      }
    };
    const live = new LiveConversation(null, server.ports());
    await ask(live);
    expect(server.entries).toHaveLength(2);
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
  });

  test("for good: the question stays, and goes out when the way is free again", async () => {
    const server = new FakeServer();
    server.disturb = unreachable;
    const live = new LiveConversation(null, server.ports());
    const asked = live.ask(QUESTION, "m");
    expect(await outcomeOf(asked)).toBe("open");
    expect(shown(live)).toEqual(["q//failed"]);
    expect(live.state.sending?.phase).toBe("failed");
    server.disturb = () => undefined;
    live.wake();
    expect(await outcomeOf(asked)).toBe("accepted");
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
    expect(server.calls.every((call) => !call.startsWith("post") || call === "post k1")).toBe(true);
  });

  test("in the middle says so, and goes on after the last byte", async () => {
    const server = new FakeServer();
    server.pieces = ["é", "𝄞", "end"];
    let isLost = false;
    server.disturb = ({ kind, event }) => {
      if (kind === "post" && event?.kind === "text" && event.end === 6) interrupted();
      if (kind === "follow" && event === null && !isLost) {
        isLost = true;
        unreachable();
      }
    };
    const live = new LiveConversation(null, server.ports());
    const lost: boolean[] = [];
    live.subscribe(() => lost.push(live.state.isConnectionLost));
    await ask(live);
    expect(lost).toContain(true);
    expect(live.state.isConnectionLost).toBe(false);
    expect(server.calls.filter((call) => call.startsWith("follow"))).toEqual(["follow 2", "follow 2"]);
    expect(shown(live)).toEqual(["q/é𝄞end/complete"]);
  });

  test("at any places neither loses nor repeats a byte", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const next = numbersFrom(seed);
      const server = new FakeServer();
      const pieces = Array.from({ length: 30 }, () => pick(next, ["a", "é", "€", "𝄞", " b\n", "म"]));
      server.pieces = [...pieces];
      let breaks = 20;
      server.disturb = ({ event }) => {
        if (breaks === 0 || event?.kind === "started" || next() > 0.4) return;
        breaks -= 1;
        if (event === null) unreachable();
        interrupted();
      };
      const live = new LiveConversation(null, server.ports());
      void live.ask(QUESTION, "m");
      await vi.advanceTimersByTimeAsync(400_000);
      const { sending } = live.state;
      if (sending?.phase === "failed") continue;
      expect(shown(live), `seed ${seed}`).toEqual([`q/${pieces.join("")}/complete`]);
    }
  });
});

describe("coming back into view", () => {
  test("while an answer arrives adds no text twice", async () => {
    const server = new FakeServer();
    server.pieces = Array.from({ length: 20 }, (_, at) => `${at} `);
    const live = new LiveConversation(null, server.ports());
    let events = 0;
    server.disturb = () => {
      events += 1;
      vi.advanceTimersByTime(3000);
      if (events < 15) live.wake();
    };
    await ask(live);
    expect(server.calls.filter((call) => call.startsWith("follow"))).toEqual([]);
    const numbers = Array.from({ length: 20 }, (_, at) => `${at} `).join("");
    expect(shown(live)).toEqual([`q/${numbers}/complete`]);
  });

  test("after a refusal reads the conversation again", async () => {
    const server = new FakeServer();
    const live = new LiveConversation(null, server.ports());
    await ask(live);
    server.disturb = failing(1, () => refuse("model.unknown"));
    await ask(live);
    const before = server.calls.length;
    live.wake();
    await settled();
    expect(server.calls.slice(before)).toEqual(["load"]);
  });
});

test("what was read before a question was taken does not hide it", async () => {
  const server = new FakeServer();
  const ports = server.ports();
  let isFirst = true;
  const live = new LiveConversation("c", {
    ...ports,
    fetchConversation: async (id, signal) => {
      const read = await ports.fetchConversation(id, signal);
      if (isFirst) {
        isFirst = false;
        await new Promise((resolve) => setTimeout(resolve, 30_000));
      }
      return { ...read, conversation: { ...read.conversation, name: null } };
    },
  });
  live.open();
  await vi.advanceTimersByTimeAsync(0);
  await ask(live);
  expect(shown(live)).toEqual(["q/Hello world/complete"]);
  await settled();
  expect(shown(live)).toEqual(["q/Hello world/complete"]);
});

describe("opening", () => {
  test("shows what is there and follows what is being written", async () => {
    const server = new FakeServer();
    server.begin({ parentId: null, question: QUESTION, model: "m" });
    server.answer.content = "Hé";
    server.pieces = ["llo"];
    const live = new LiveConversation("c", server.ports());
    live.open();
    await settled();
    expect(server.calls).toContain("follow 3");
    expect(shown(live)).toEqual(["q/Héllo/complete"]);
  });

  test("shows an answer that the server left unfinished", async () => {
    const server = new FakeServer();
    server.begin({ parentId: null, question: QUESTION, model: "m" });
    server.answer.content = "half";
    server.end("interrupted");
    const live = new LiveConversation("c", server.ports());
    live.open();
    await settled();
    expect(shown(live)).toEqual(["q/half/interrupted"]);
    expect(runningEntry(live.state)).toBeNull();
  });

  test("that fails can be tried again", async () => {
    const server = new FakeServer();
    server.disturb = unreachable;
    const live = new LiveConversation("c", server.ports());
    live.open();
    await settled();
    expect(live.state.load.kind).toBe("failed");
    server.disturb = () => undefined;
    live.reload();
    await settled();
    expect(live.state.load.kind).toBe("ready");
  });

  test("twice, as React does in development, is opening once", async () => {
    const server = new FakeServer();
    server.begin({ parentId: null, question: QUESTION, model: "m" });
    const live = new LiveConversation("c", server.ports());
    live.open();
    live.close();
    live.open();
    await settled();
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
  });
});

test("a server that ended in the middle: its text counts, and the answer can be continued", async () => {
  const server = new FakeServer();
  server.pieces = ["Hello", " wor"];
  let isDown = false;
  server.disturb = ({ event }) => {
    if (isDown || event?.kind !== "ended") return;
    isDown = true;
    // What was not saved is gone, and the next process says so.
    server.answer.content = "Hello";
    server.answer.state = "interrupted";
    interrupted();
  };
  const live = new LiveConversation(null, server.ports());
  await ask(live);
  expect(shown(live)).toEqual(["q/Hello/interrupted"]);
  server.pieces = [" world"];
  void live.send({ parentId: server.answer.id, question: null, model: "m" });
  await settled();
  expect(shown(live)).toEqual(["q/Hello world/complete"]);
});

describe("two tabs", () => {
  test("the second one gets its question back and follows the first one's answer", async () => {
    const server = new FakeServer();
    const live = new LiveConversation("c", server.ports());
    live.open();
    await settled();
    server.begin({ parentId: null, question: { text: "theirs", attachments: [] }, model: "m" });
    const outcome = live.ask(QUESTION, "m");
    await vi.advanceTimersByTimeAsync(0);
    expect(await outcome).toBe("withdrawn");
    await settled();
    expect(shown(live)).toEqual(["theirs/Hello world/complete"]);
  });

  test("coming back into view shows what was asked elsewhere", async () => {
    const server = new FakeServer();
    const live = new LiveConversation("c", server.ports());
    live.open();
    await settled();
    server.begin({ parentId: null, question: { text: "theirs", attachments: [] }, model: "m" });
    live.wake();
    await settled();
    expect(shown(live)).toEqual(["theirs/Hello world/complete"]);
  });
});

describe("an ended session", () => {
  test("holds the question until somebody has signed in, under the same key", async () => {
    const server = new FakeServer();
    server.disturb = failing(1, () => {
      server.expiry.raise();
      return refuse("auth.invalid");
    });
    const live = new LiveConversation(null, server.ports());
    const outcome = live.ask(QUESTION, "m");
    await settled();
    expect(live.state.sending?.phase).toBe("held");
    expect(shown(live)).toEqual(["q//waiting"]);
    server.expiry.settle();
    await settled();
    expect(await outcome).toBe("accepted");
    expect(server.calls.filter((call) => call.startsWith("post"))).toEqual(["post k1", "post k1"]);
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
  });

  test("gives the question back when it is stopped", async () => {
    const server = new FakeServer();
    server.disturb = () => {
      server.expiry.raise();
      refuse("auth.invalid");
    };
    const live = new LiveConversation(null, server.ports());
    const outcome = live.ask(QUESTION, "m");
    await settled();
    await live.stop();
    expect(await outcome).toBe("withdrawn");
    expect(shown(live)).toEqual([]);
  });
});

describe("a refusal", () => {
  test("keeps the question with its reason; sent again it has another key", async () => {
    const server = new FakeServer();
    server.disturb = failing(1, () => refuse("capacity.exhausted"));
    const live = new LiveConversation(null, server.ports());
    await ask(live);
    expect(shown(live)).toEqual(["q//failed"]);
    const [turn] = turnsOf(live.state.tree, live.state.head, []);
    expect(turn?.answer?.last.failure?.code).toBe("capacity.exhausted");
    if (turn === undefined) throw new Error("there is a turn");
    void live.sendAgain(turn.question, "m");
    await settled();
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
    expect(server.calls).toContain("post k2");
  });

  test("of a first question that the server keeps shows it as the server has it", async () => {
    const server = new FakeServer();
    server.refusal = "context.too_long";
    const live = new LiveConversation(null, server.ports());
    expect(await ask(live)).toBe("accepted");
    expect([live.state.id, live.state.name]).toEqual(["c", "n"]);
    expect(live.state.sending).toBeNull();
    expect(shown(live)).toEqual(["q//failed"]);
    const [turn] = turnsOf(live.state.tree, live.state.head, []);
    expect([turn?.question.id, turn?.answer?.last.id]).toEqual(["q1", "a2"]);
    expect(turn?.answer?.last.failure?.code).toBe("context.too_long");
    // Asked once more, it gets another answer instead of another conversation.
    server.refusal = null;
    void live.send({ parentId: "q1", question: null, model: "m" });
    await settled();
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
    expect(server.entries.filter(({ type }) => type === "message.input")).toHaveLength(1);
  });

  test("that the server keeps is not mistaken for the next attempt", async () => {
    const server = new FakeServer();
    server.refusal = "capacity.exhausted";
    const ports = server.ports();
    let deliver: () => void = () => undefined;
    const live = new LiveConversation(null, {
      ...ports,
      fetchConversation: (id, signal) =>
        new Promise((resolve) => (deliver = () => resolve(ports.fetchConversation(id, signal)))),
    });
    void live.ask(QUESTION, "m");
    await settled();
    const [turn] = turnsOf(live.state.tree, live.state.head, []);
    if (turn === undefined) throw new Error("there is a turn");
    server.refusal = null;
    void live.sendAgain(turn.question, "m");
    deliver();
    await settled();
    expect(shown(live)).toEqual(["q/Hello world/complete"]);
  });

  test("for which nothing is kept stays open", async () => {
    const server = new FakeServer();
    server.disturb = failing(1, () => refuse("request.invalid"));
    const live = new LiveConversation(null, server.ports());
    expect(await ask(live)).toBe("open");
    expect([live.state.id, shown(live)]).toEqual([null, ["q//failed"]]);
  });

  test("of a branch shows the branch before again", async () => {
    const server = new FakeServer();
    const live = new LiveConversation(null, server.ports());
    await ask(live);
    const first = live.state.head ?? "";
    void live.send({ parentId: "q1", question: null, model: "m" });
    await settled();
    const second = live.state.head;
    server.disturb = unreachable;
    await live.showBranch(first);
    expect(live.state.head).toBe(second);
    expect(live.state.failure?.code).toBe("page.unreachable");
    server.disturb = () => undefined;
    await live.showBranch(first);
    expect(live.state.head).toBe(first);
    expect(server.head).toBe(first);
  });
});

test("a stop while the server is out of reach gives the question back", async () => {
  const server = new FakeServer();
  server.disturb = unreachable;
  const live = new LiveConversation(null, server.ports());
  const asked = live.ask(QUESTION, "m");
  void live.stop();
  expect(await outcomeOf(asked)).toBe("withdrawn");
  expect(shown(live)).toEqual([]);
});

test("a question whose page went away was not taken", async () => {
  const server = new FakeServer();
  server.disturb = unreachable;
  const live = new LiveConversation(null, server.ports());
  const asked = live.ask(QUESTION, "m");
  await vi.advanceTimersByTimeAsync(0);
  live.close();
  expect(await outcomeOf(asked)).toBe("open");
});

test("stop is a command, also before the server has answered", async () => {
  const server = new FakeServer();
  server.pieces = ["a"];
  const live = new LiveConversation(null, server.ports());
  void live.ask(QUESTION, "m");
  void live.stop();
  await settled();
  expect(server.calls).toContain("stop");
  expect(shown(live)[0]).toMatch(/stopped$/u);
});
