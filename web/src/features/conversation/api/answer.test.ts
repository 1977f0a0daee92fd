// @vitest-environment node
import { afterEach, expect, test, vi } from "vitest";

import { RequestError } from "../../../errors/failure";
import { streamAnswer, type AnswerPart } from "./answer";

const USAGE = { completion_tokens: 2, energy_joules: 1.5 };
const REQUEST = { model: "m", messages: [] };

afterEach(() => {
  vi.unstubAllGlobals();
});

function chunk(content: string, finish: string | null = null, rest: object = {}): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: finish }];
  return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices, ...rest })}\n\n`;
}

/** Plays a response; returns the parts and the code of the failure that ended them. */
async function play(body: string, status = 200): Promise<[AnswerPart[], string | null]> {
  vi.stubGlobal("fetch", async () => new Response(body, { status }));
  const parts: AnswerPart[] = [];
  try {
    for await (const part of streamAnswer(REQUEST, new AbortController().signal)) parts.push(part);
  } catch (thrown) {
    return [parts, (thrown as RequestError).failure.code];
  }
  return [parts, null];
}

const TEXT: AnswerPart = { kind: "text", text: "a" };

test("text, end and usage arrive in order, comments and empty deltas do not", async () => {
  const body =
    ": keep-alive\n\n" +
    chunk("") +
    chunk("a") +
    chunk("", "stop", { usage: USAGE }) +
    "data: [DONE]\n\n";
  expect(await play(body)).toEqual([
    [TEXT, { kind: "usage", usage: USAGE }, { kind: "end", end: "stop" }],
    null,
  ]);
});

test("usage on a chunk without choices counts too", async () => {
  const last = `data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`;
  const [parts] = await play(chunk("a", "length") + last);
  expect(parts.slice(1)).toEqual([
    { kind: "end", end: "length" },
    { kind: "usage", usage: USAGE },
  ]);
});

test("a stream without an end is an interruption", async () => {
  expect(await play(chunk("a"))).toEqual([[TEXT], "page.interrupted"]);
  expect(await play("")).toEqual([[], "page.interrupted"]);
});

test("a stream that the server breaks off names the reason where it has one", async () => {
  expect(await play(chunk("a", "error"))).toEqual([[TEXT], "page.interrupted"]);
  const error = { object: "error", message: "it failed", code: "engine.failed" };
  const body = chunk("a") + `data: ${JSON.stringify(error)}\n\n`;
  expect(await play(body)).toEqual([[TEXT], "engine.failed"]);
  const nested = { error: { message: "it failed", code: "engine.stopped" } };
  expect(await play(chunk("a", "error", nested))).toEqual([[TEXT], "engine.stopped"]);
});

test("an error status gives the code of its body", async () => {
  const body = JSON.stringify({ object: "error", message: "x", code: "context.too_long" });
  expect(await play(body, 400)).toEqual([[], "context.too_long"]);
  expect(await play("<html>", 502)).toEqual([[], "http.502"]);
});

test("what is not JSON is unreadable", async () => {
  expect(await play("data: {\n\n")).toEqual([[], "page.unreadable"]);
});

test("an unreachable server is told apart", async () => {
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("refused")));
  const first = streamAnswer(REQUEST, new AbortController().signal).next();
  await expect(first).rejects.toMatchObject({ failure: { code: "page.unreachable" } });
});
