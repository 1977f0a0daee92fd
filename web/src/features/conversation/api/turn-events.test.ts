// @vitest-environment node
import { expect, test } from "vitest";

import { turnEventOf, turnEvents, type TurnEvent } from "./turn-events";

const DONE = { type: "conversation.response.done" };
const ENDED = { kind: "ended", entryId: "a", failure: null };
const USAGE = { completion_tokens: 2, energy_joules: 1.5 };

function frame(data: object, id: string | null = null): string {
  const type = (data as { type?: string }).type ?? "";
  return `${id === null ? "" : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function read(body: string): Promise<[TurnEvent[], string | null]> {
  const events: TurnEvent[] = [];
  try {
    const signal = new AbortController().signal;
    for await (const event of turnEvents(new Response(body), signal)) events.push(event);
  } catch (thrown) {
    return [events, (thrown as { failure: { code: string } }).failure.code];
  }
  return [events, null];
}

test("a turn from its start to its end", async () => {
  const body =
    ": keep-alive\n\n" +
    frame(
      { type: "conversation.response.started", conversation_id: "c", input_id: "q", entry_id: "a" },
      "0",
    ) +
    frame({ type: "message.output.delta", id: "a", content: "é" }, "2") +
    frame({ type: "something.new" }) +
    frame({ ...DONE, usage: USAGE, state: "length", entry_id: "a", request_id: "r" }, "2");
  expect(await read(body)).toEqual([
    [
      { kind: "started", conversationId: "c", inputId: "q", entryId: "a" },
      { kind: "text", entryId: "a", text: "é", end: 2 },
      { ...ENDED, state: "length", usage: USAGE, requestId: "r" },
    ],
    null,
  ]);
});

test("an error ends with its code", () => {
  const data = {
    type: "conversation.response.error",
    message: "m",
    code: 500,
    error_code: "engine.failed",
    state: "failed",
    entry_id: "a",
  };
  expect(turnEventOf({ id: null, event: "", data: JSON.stringify(data) })).toEqual({
    kind: "ended",
    entryId: "a",
    state: "failed",
    usage: null,
    requestId: null,
    failure: { code: "engine.failed", message: "m", hint: "", retryAfterSeconds: null },
  });
});

test("what has ended does not run on, whatever is said", () => {
  const data = JSON.stringify({ type: "conversation.response.done", state: "running" });
  expect(turnEventOf({ id: null, event: "", data })).toMatchObject({ state: "failed" });
});

test("a count that is none is not taken for one", () => {
  const data = JSON.stringify({ type: "message.output.delta", content: "a" });
  for (const id of [null, "", "-1", "1e3", "x"]) {
    expect(turnEventOf({ id, event: "", data })).toMatchObject({ end: null });
  }
});

test("what is not JSON is unreadable", async () => {
  expect(await read("data: {\n\n")).toEqual([[], "page.unreadable"]);
});
