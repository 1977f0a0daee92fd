import { afterEach, expect, test, vi } from "vitest";

import { RequestError } from "../../../errors/failure";
import { fetchDraft } from "./drafts";

afterEach(() => {
  vi.unstubAllGlobals();
});

function answerWith(response: Response): void {
  vi.stubGlobal("fetch", async () => response);
}

const { signal } = new AbortController();

test("no content is no draft", async () => {
  answerWith(new Response(null, { status: 204 }));
  expect(await fetchDraft("new", signal)).toBeNull();
});

test.each(["draft.not_found", "conversation.not_found"])("%s is no draft", async (code) => {
  answerWith(Response.json({ code }, { status: 404 }));
  expect(await fetchDraft("new", signal)).toBeNull();
});

test("any other refusal is one", async () => {
  answerWith(Response.json({ code: "store.unavailable" }, { status: 503 }));
  await expect(fetchDraft("new", signal)).rejects.toBeInstanceOf(RequestError);
});
