import { afterEach, expect, test, vi } from "vitest";

import { endSession } from "./session";

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  ["ends it", () => new Response(null, { status: 204 }), null],
  ["has ended it already", () => Response.json({ code: "auth.missing" }, { status: 401 }), null],
  ["cannot", () => Response.json({ code: "store.unavailable" }, { status: 503 }), "store.unavailable"],
  ["is behind a proxy that answers", () => new Response("<p>", { status: 502 }), "http.502"],
])("of a session, the server %s", async (_what, answer, expected) => {
  vi.stubGlobal("fetch", async () => answer());
  expect((await endSession())?.code ?? null).toBe(expected);
});

test("a server that is away keeps the session", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
  expect((await endSession())?.code).toBe("page.unreachable");
});
