// @vitest-environment node
import { afterEach, expect, test, vi } from "vitest";

import { conversationOfRefusal, followTurn, postTurn } from "./conversations";

afterEach(() => {
  vi.unstubAllGlobals();
});

const { signal } = new AbortController();
const START = { conversationId: null, parentId: null, question: null, model: "m" };

test.each([
  ["/v1/conversations/conv_1", "conv_1"],
  ["/v1/conversations/conv_1/draft", null],
  ["https://elsewhere.example/v1/conversations/conv_1", null],
  [null, null],
])("a refusal at %j keeps the question in %j", async (location, expected) => {
  const headers = location === null ? {} : { location };
  const refused = Response.json({ code: "context.too_long" }, { status: 422, headers });
  vi.stubGlobal("fetch", async () => refused);
  const thrown: unknown = await postTurn(START, "k", signal)
    .next()
    .catch((reason: unknown) => reason);
  expect(conversationOfRefusal(thrown)).toBe(expected);
});

test("an answer is followed by its name, after the bytes that are here", async () => {
  const asked: [string, RequestInit][] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push([path, init]);
    return new Response("");
  });
  const followed = { conversationId: "conv_1", entryId: "msg_2", received: 7 };
  await followTurn(followed, signal).next();
  expect(asked[0]?.[0]).toBe("/v1/conversations/conv_1/events?entry_id=msg_2");
  expect(asked[0]?.[1].headers).toMatchObject({ "last-event-id": "7" });
});
