import { act, memo } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { NO_FILTER } from "../../../app/route";
import type { Card } from "../card";
import { useConversationList, type ConversationList } from "./useConversationList";

/** The conversations of the server, whose lists are told when the test says so. */
let kept: Card[];
let tell: (() => void)[];
let list: ConversationList;
let root: Root;

/** What shows the list: counted, so that needless renders show. */
let renders = 0;
const Shown = memo(function Shown(_props: { list: ConversationList }) {
  renders += 1;
  return null;
});

function Probe() {
  list = useConversationList(NO_FILTER, true);
  return <Shown list={list} />;
}

function card(id: string): Card {
  const rest = { pinned: false, archived: false, running: false };
  return { id, name: id, ...rest, updated_at: "2026-11-22T05:00:00Z" };
}

/** Answers with what is there when the request comes in, a list only after `tell`. */
async function answer(path: string, init: RequestInit): Promise<Response> {
  const id = /\/v1\/conversations\/(?<id>\w+)/u.exec(path)?.groups?.["id"];
  if (init.method === "DELETE") {
    kept = kept.filter((at) => at.id !== id);
    return new Response(null, { status: 204 });
  }
  if (init.method === "PATCH") {
    kept = kept.map((at) => (at.id === id ? { ...at, ...JSON.parse(String(init.body)) } : at));
    return Response.json(kept.find((at) => at.id === id));
  }
  const told = Response.json(kept);
  await new Promise<void>((resolve) => tell.push(resolve));
  return told;
}

async function tellAll(): Promise<void> {
  await act(async () => {
    while (tell.length > 0) {
      tell.splice(0).forEach((resolve) => resolve());
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  });
}

function shown(): (string | null)[] {
  return list.cards.map(({ name }) => name);
}

beforeEach(async () => {
  kept = [card("b"), card("a")];
  tell = [];
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.stubGlobal("fetch", answer);
  root = createRoot(document.createElement("div"));
  await act(async () => root.render(<Probe />));
  await tellAll();
  expect(shown()).toEqual(["b", "a"]);
});
afterEach(() => {
  act(() => root.unmount());
  vi.unstubAllGlobals();
});

test("a list that was read before a change does not take it back", async () => {
  await act(async () => list.refresh());
  await act(async () => void (await list.change("a", { name: "renamed" })));
  await tellAll();
  expect(shown()).toEqual(["b", "renamed"]);
});

test("a list that was read before a deletion does not bring it back", async () => {
  await act(async () => list.refresh());
  await act(async () => void (await list.remove("b")));
  await tellAll();
  expect(shown()).toEqual(["a"]);
});

test("what shows the list is not rendered by frames of an answer, only by changes", async () => {
  const before = renders;
  for (let frame = 0; frame < 5; frame += 1) await act(async () => root.render(<Probe />));
  expect(renders).toBe(before);
  await act(async () => void (await list.change("a", { name: "renamed" })));
  expect(renders).toBeGreaterThan(before);
});
