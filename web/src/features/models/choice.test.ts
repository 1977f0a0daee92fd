import { expect, test } from "vitest";

import { chosenModel, isSmallModel, type ModelReasons } from "./choice";

const INSTALLED = ["a", "b", "c"];

test.each<[string, Partial<ModelReasons>, string]>([
  ["nothing speaks for any", {}, "a"],
  ["a new conversation", { lastChosen: "b" }, "b"],
  ["a conversation has a model", { ofConversation: "c", lastChosen: "b" }, "c"],
  ["another one is chosen", { wish: "a", ofConversation: "c", lastChosen: "b" }, "a"],
  ["its model is gone", { ofConversation: "gone", lastChosen: "b" }, "b"],
  ["the chosen one is gone", { wish: "gone", ofConversation: "c" }, "c"],
])("where %s", (_where, reasons, expected) => {
  const none = { wish: null, ofConversation: null, lastChosen: null };
  expect(chosenModel(INSTALLED, { ...none, ...reasons })).toBe(expected);
});

test("there is none where none is installed", () => {
  expect(chosenModel([], { wish: "a", ofConversation: null, lastChosen: null })).toBeNull();
});

test.each([
  [{ parameters: 134_515_008 }, true],
  [{ parameters: 7_000_000_000 }, false],
  [{}, false],
  [undefined, false],
])("%o is small: %s", (model, isSmall) => {
  expect(isSmallModel(model)).toBe(isSmall);
});
