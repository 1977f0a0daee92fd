import { beforeEach, expect, test } from "vitest";

import { applyPreferences, readPreferences, writePreferences } from "./preferences";

beforeEach(() => {
  localStorage.clear();
});

test.each([
  ["fr-FR", "fr"],
  ["fr", "fr"],
  ["en-US", "en"],
  ["fro", "en"],
  ["de-DE", "en"],
])("a browser in %s opens the page in %s", (wanted, language) => {
  expect(readPreferences(localStorage, wanted)).toEqual({ language, theme: "system" });
});

test("a choice is remembered before the browser's wish", () => {
  writePreferences(localStorage, { language: "fr", theme: "dark" });
  expect(readPreferences(localStorage, "en-GB")).toEqual({ language: "fr", theme: "dark" });
});

test("what is stored and makes no sense is ignored", () => {
  localStorage.setItem("galerne.theme", "mauve");
  localStorage.setItem("galerne.language", "xx");
  expect(readPreferences(localStorage, "fr")).toEqual({ language: "fr", theme: "system" });
});

test("html carries language, direction and theme", () => {
  const root = document.createElement("html");
  applyPreferences(root, { language: "fr", theme: "dark" });
  expect([root.lang, root.dir, root.dataset["theme"]]).toEqual(["fr", "ltr", "dark"]);
  applyPreferences(root, { language: "en", theme: "system" });
  expect([root.lang, root.dataset["theme"]]).toEqual(["en", undefined]);
});
