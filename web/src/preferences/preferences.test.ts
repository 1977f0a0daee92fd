import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test, vi } from "vitest";

import { directionOfLanguage } from "../format/locale";
import { applyTheme, readPreferences, writePreferences } from "./preferences";

const FIRST_PAINT = readFileSync("public/first-paint.js", "utf8");

beforeEach(() => {
  localStorage.clear();
});

test.each([
  [["fr-FR"], "fr"],
  [["en-US", "fr"], "en"],
  [["de-DE", "ar-EG"], "ar"],
  [["de-DE"], "en"],
])("a browser that asks for %j opens the page in %s", (wanted, language) => {
  expect(readPreferences(localStorage, wanted)).toEqual({
    language,
    theme: "system",
    digits: "locale",
  });
});

test("a full storage keeps no choice, and breaks nothing", () => {
  const full = {
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  };
  const choice = { language: "hi", theme: "dark", digits: "native" } as const;
  expect(() => writePreferences(full, choice)).not.toThrow();
});

test("a choice is remembered before the browser's wish", () => {
  const choice = { language: "hi", theme: "dark", digits: "native" } as const;
  writePreferences(localStorage, choice);
  expect(readPreferences(localStorage, ["en-GB"])).toEqual(choice);
});

test("what is stored and makes no sense is ignored", () => {
  for (const key of ["theme", "language", "digits"]) localStorage.setItem(`galerne.${key}`, "xx");
  expect(readPreferences(localStorage, ["fr"])).toEqual({
    language: "fr",
    theme: "system",
    digits: "locale",
  });
});

test("html carries the theme, unless the system decides", () => {
  const root = document.createElement("html");
  applyTheme(root, "dark");
  expect(root.dataset["theme"]).toBe("dark");
  applyTheme(root, "system");
  expect(root.dataset["theme"]).toBeUndefined();
});

describe("before the first paint", () => {
  const cases = [null, "fr", "ar", "hi", "xx"].flatMap((language) =>
    [null, "light", "dark", "mauve"].flatMap((theme) =>
      [["en-GB"], ["de", "AR-eg"], ["fr-CA", "en"], []].map((wanted) => ({
        language,
        theme,
        wanted,
      })),
    ),
  );

  test.each(cases)("the script agrees with the page: %j", ({ language, theme, wanted }) => {
    if (language !== null) localStorage.setItem("galerne.language", language);
    if (theme !== null) localStorage.setItem("galerne.theme", theme);
    vi.spyOn(window.navigator, "languages", "get").mockReturnValue(wanted);
    const root = document.documentElement;
    for (const name of ["lang", "dir", "data-theme"]) root.removeAttribute(name);

    window.eval(FIRST_PAINT);

    const read = readPreferences(localStorage, wanted);
    const seen = [root.lang, root.dir, root.dataset["theme"] ?? "system"];
    expect(seen).toEqual([read.language, directionOfLanguage(read.language), read.theme]);
  });
});
