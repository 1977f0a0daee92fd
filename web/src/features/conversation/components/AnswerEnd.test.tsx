import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { failureOfCode, type Entry } from "../entry";
import { USAGE, answer, question } from "../testing/entries";
import { treeOf } from "../tree";
import { turnsOf } from "../turns";
import { AnswerEnd } from "./AnswerEnd";
import type { TurnActions } from "./TurnView";

const MODEL = { id: "m", max_context_length: USAGE.total_tokens };
const ACTIONS: TurnActions = {
  answerAgain: vi.fn(),
  continueAnswer: vi.fn(),
  startAnew: vi.fn(),
  editQuestion: () => true,
  showBranch: vi.fn(),
};

let root: Root;
const place = document.createElement("div");

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  vi.unstubAllGlobals();
});

function show(rest: Partial<Entry>, { isBusy = false } = {}): void {
  const entries = [question("q", null), answer("a", "q", rest)];
  const [turn] = turnsOf(treeOf(entries), "a", []);
  if (turn === undefined) throw new Error("there is no turn");
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(["models"], [MODEL]);
  act(() =>
    root.render(
      <QueryClientProvider client={client}>
        <AnswerEnd turn={turn} progress="live" isBusy={isBusy} actions={ACTIONS} />
      </QueryClientProvider>,
    ),
  );
}

function buttons(): string[] {
  return [...place.querySelectorAll(".btn")].map(({ textContent }) => textContent);
}

const FAILED: Partial<Entry> = { state: "failed", failure: failureOfCode("engine.failed") };

test("a failure that the page sees is an alert, one that it finds is not", () => {
  show(FAILED);
  expect(place.querySelector(".note.bad")).not.toBeNull();
  expect(place.querySelector("[role=alert]")).toBeNull();
  show({ state: "running" });
  show(FAILED);
  expect(place.querySelector("[role=alert]")).not.toBeNull();
});

test("an answer at its limit goes on, unless its model can read no more", () => {
  show({ state: "length", usage: { ...USAGE, total_tokens: USAGE.total_tokens - 1 } });
  expect(buttons()).toEqual(["Continue"]);
  show({ state: "length", usage: null });
  expect(buttons()).toEqual(["Continue"]);
  show({ state: "length", usage: USAGE });
  expect(buttons()).toEqual(["New conversation"]);
});

test("while another answer is written nothing can be asked here", () => {
  for (const rest of [FAILED, { state: "stopped" } as const]) {
    show(rest, { isBusy: true });
    expect(place.querySelector<HTMLButtonElement>(".btn")?.disabled).toBe(true);
    show(rest);
    expect(place.querySelector<HTMLButtonElement>(".btn")?.disabled).toBe(false);
  }
});
