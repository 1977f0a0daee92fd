import { describe, expect, test } from "vitest";

import { KNOWN_CODES, describeFailure } from "../errors/describe";
import { en } from "./en";
import { fr } from "./fr";

/** Every text by its path; a text with a variable is called with a marker for each argument. */
function texts(value: unknown, path = ""): Map<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  if (typeof value === "function") {
    const marks = Array.from({ length: value.length }, (_, at) => `{${at}}`);
    return new Map([[path, String((value as (...marks: string[]) => string)(...marks))]]);
  }
  const found = new Map<string, string>();
  for (const [key, child] of Object.entries(value as object)) {
    for (const [name, text] of texts(child, `${path}.${key}`)) found.set(name, text);
  }
  return found;
}

const english = texts(en);
const french = texts(fr);

/** Names and symbols that are written alike in both languages. */
const ALIKE = new Set([".app.name", ".conversation.region", ".conversation.codeBlock"]);

test("both languages have the same keys", () => {
  expect([...french.keys()].sort()).toEqual([...english.keys()].sort());
  expect(english.size).toBeGreaterThan(80);
});

test.each([...english.keys()])("%s has a text in both languages", (path) => {
  expect(english.get(path)?.trim()).not.toBe("");
  expect(french.get(path)?.trim()).not.toBe("");
  if (!ALIKE.has(path) && !path.startsWith(".examples")) {
    expect(french.get(path)).not.toBe(english.get(path));
  }
});

describe("French typography", () => {
  test.each([...french].filter(([path]) => !path.startsWith(".examples")))("%s", (_path, text) => {
    expect(text).not.toMatch(/(?<!\u202F)[;!?]/u);
    expect(text).not.toMatch(/(?<!\u00A0):/u);
    expect(text).not.toMatch(/'/u);
  });
});

describe("error texts", () => {
  const failure = { message: "The tray is empty", hint: "Fill it", retryAfterSeconds: null };

  test.each(Object.keys(KNOWN_CODES))("%s has a text of its own", (code) => {
    expect(describeFailure({ ...failure, code }, fr).what).not.toBe(failure.message);
    expect(describeFailure({ ...failure, code }, fr).code).toBe(code);
  });

  test("an unknown code shows the server's sentence and hint", () => {
    expect(describeFailure({ ...failure, code: "tray.empty" }, en)).toEqual({
      what: "The tray is empty",
      action: "Fill it",
      code: "tray.empty",
    });
  });

  test("names of object members are not known codes", () => {
    expect(describeFailure({ ...failure, code: "constructor" }, en).what).toBe(failure.message);
  });
});
