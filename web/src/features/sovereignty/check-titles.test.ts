// @vitest-environment node
import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { loadCheckTitles } from "./check-titles";

/** The names as the catalogue of the server writes them. */
const CATALOGUE = new URL("../../../../libs/sovereignty/src/catalogue.rs", import.meta.url);
const NAMES = [...readFileSync(CATALOGUE, "utf8").matchAll(/^ {8}"([a-z_.]+)", /gmu)].map(
  ([, name]) => name,
);

/** What stays in Latin letters. */
const LATIN = /\bAPI\b/gu;

describe.each(["fr", "ar", "hi"] as const)("titles of checks in %s", (language) => {
  test("are those of the catalogue, none too many", async () => {
    const titles = await loadCheckTitles(language);
    expect(NAMES.length).toBeGreaterThan(60);
    expect(Object.keys(titles).sort()).toEqual([...NAMES].sort());
  });

  test("say something, each something else, and nothing of a seal", async () => {
    const titles = Object.values(await loadCheckTitles(language));
    expect(new Set(titles).size).toBe(titles.length);
    for (const title of titles) {
      expect(title.trim()).not.toBe("");
      expect(title).not.toMatch(/certif|['"]|\.\.\./iu);
    }
  });
});

test.each([
  ["ar", /\p{Script=Arabic}/u],
  ["hi", /\p{Script=Devanagari}/u],
] as const)("titles in %s are in its script", async (language, script) => {
  for (const title of Object.values(await loadCheckTitles(language))) {
    expect(title).toMatch(script);
    expect(title.replace(LATIN, "")).not.toMatch(/[A-Za-z]/u);
  }
});

test("French has its spaces", async () => {
  for (const title of Object.values(await loadCheckTitles("fr"))) {
    expect(title).not.toMatch(/(?<!\u202F)[;!?]|(?<!\u00A0)[:»%€]/u);
  }
});

test("English words come with the report", async () => {
  expect(await loadCheckTitles("en")).toEqual({});
});
