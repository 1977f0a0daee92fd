import { describe, expect, test } from "vitest";

import { KNOWN_CODES, describeFailure } from "../errors/describe";
import { LANGUAGES } from "../format/locale";
import { ar } from "./ar";
import { ar as arDesk } from "./desk/ar";
import { en as enDesk } from "./desk/en";
import { fr as frDesk } from "./desk/fr";
import { hi as hiDesk } from "./desk/hi";
import { loadDeskTexts } from "./desk/texts";
import { ar as arProtection } from "./protection/ar";
import { en as enProtection } from "./protection/en";
import { fr as frProtection } from "./protection/fr";
import { hi as hiProtection } from "./protection/hi";
import { loadProtectionTexts } from "./protection/texts";
import { en } from "./en";
import { fr } from "./fr";
import { hi } from "./hi";
import { AT_HAND, loadMessages, type Messages } from "./messages";

/** One number for each plural form of each language. */
const COUNTS = [0, 1, 2, 3, 11, 100, 1_000_000];

/**
 * Every text by its path. A text with variables is called with a name for each argument, and with
 * numbers that reach each plural form.
 */
function texts(value: unknown, path = ""): Map<string, string> {
  if (typeof value === "string") return new Map([[path, value]]);
  if (typeof value === "function") return callsOf(value as (...values: unknown[]) => string, path);
  const found = new Map<string, string>();
  for (const [key, child] of Object.entries(value as object)) {
    for (const [name, text] of texts(child, `${path}.${key}`)) found.set(name, text);
  }
  return found;
}

function callsOf(say: (...values: unknown[]) => string, path: string): Map<string, string> {
  const names = Array.from({ length: Math.max(say.length, 1) }, (_, at) => `{${at}}`);
  const calls = [names, ...COUNTS.map((count) => [count, ...names.slice(1)])];
  return new Map(calls.map((values) => [`${path}(${values[0]})`, String(say(...values))]));
}

const spoken: Record<string, Map<string, string>> = {
  en: texts({ ...en, ...enDesk, ...enProtection }),
  fr: texts({ ...fr, ...frDesk, ...frProtection }),
  ar: texts({ ...ar, ...arDesk, ...arProtection }),
  hi: texts({ ...hi, ...hiDesk, ...hiProtection }),
};

function textsOf(language: string): Map<string, string> {
  const all = spoken[language] ?? new Map<string, string>();
  // Keys have their labels.
  const skipped = /^\.keyboard\.names/u;
  return new Map([...all].filter(([path]) => !skipped.test(path)));
}

/** Names and signs that are written alike in several languages. */
const ALIKE = new Set([
  ".app.name",
  ".conversation.region",
  ".conversation.codeBlock",
  ".method.separator",
  ".keyboard.names.control",
  ".keyboard.names.alt",
]);

/** What stays in Latin letters: the product, commands, keys of the keyboard, marks of variables. */
const LATIN =
  /galerne(?: login-link| model import| key create --account)?|\bAPI\b|#token=|\.txt|\b(?:Ctrl|Shift|Enter|Esc|Alt|UTF-8|MiB|KiB|MB|Mo|kB)\b|\{\d\}/giu;

test("each language has the keys of English", () => {
  for (const language of LANGUAGES) {
    expect([...textsOf(language).keys()].sort(), language).toEqual([...textsOf("en").keys()].sort());
  }
  expect(textsOf("en").size).toBeGreaterThan(80);
});

test("the page fetches what it does not carry", async () => {
  const loaded: Messages[] = await Promise.all(LANGUAGES.map(loadMessages));
  expect(loaded).toEqual([fr, en, ar, hi]);
  const desks = await Promise.all(LANGUAGES.map(loadDeskTexts));
  expect(desks).toEqual([frDesk, enDesk, arDesk, hiDesk]);
  const protection = await Promise.all(LANGUAGES.map(loadProtectionTexts));
  expect(protection).toEqual([frProtection, enProtection, arProtection, hiProtection]);
  expect(Object.keys(AT_HAND).sort()).toEqual(["en", "fr"]);
});

/** The texts of a language that break a rule, so that one run shows them all. */
function offenders(language: string, isOffence: (text: string, path: string) => boolean) {
  const texts = [...textsOf(language)].filter(([path]) => !ALIKE.has(path));
  return texts.filter(([path, text]) => isOffence(text, path)).map((pair) => pair.join(": "));
}

describe.each(["fr", "ar", "hi"])("every text in %s", (language) => {
  test("says something", () => {
    const isEmpty = (text: string): boolean => text.trim() === "";
    expect(offenders(language, isEmpty)).toEqual([]);
    expect(offenders(language, (text) => /undefined|\[object|NaN/u.test(text))).toEqual([]);
  });

  test("is not the English one", () => {
    const english = textsOf("en");
    expect(offenders(language, (text, path) => text === english.get(path))).toEqual([]);
  });
});

test.each([
  ["no U+202F before ; ! ?", /(?<!\u202F)[;!?]/u],
  ["no U+00A0 before : » % €", /(?<!\u00A0)[:»%€]/u],
  ["no U+00A0 after «", /«(?!\u00A0)/u],
  ["straight quotes or three dots", /['"]|\.\.\./u],
  ["a number apart from its noun", /\d (?:jeton|minute|conversation|question|fichier|résultat|M)/u],
])("French has %s nowhere", (_rule, offence) => {
  expect(offenders("fr", (text) => offence.test(text))).toEqual([]);
});

test.each([
  ["ar", "no Arabic letter", (text: string) => !/\p{Script=Arabic}/u.test(text)],
  ["ar", "English left over", (text: string) => /[A-Za-z]/u.test(text.replace(LATIN, ""))],
  ["ar", "a number apart from its noun", (text: string) => /\d (?:رم|دق|ملف|نت|محادث|سؤال|أسئلة|M)/u.test(text)],
  ["ar", "Latin , ; ?", (text: string) => /[,;?]/u.test(text)],
  ["hi", "no Devanagari", (text: string) => !/\p{Script=Devanagari}/u.test(text)],
  ["hi", "English left over", (text: string) => /[A-Za-z]/u.test(text.replace(LATIN, ""))],
  ["hi", "a number apart from its noun", (text: string) => /\d (?:टोकन|मिनट|दिन|फ़ाइल|परिणाम|बातचीत|प्रश्न|M)/u.test(text)],
  ["hi", "a full stop for ।", (text: string) => /\.(?:\s|$)/u.test(text)],
  ["hi", "Devanagari digits", (text: string) => /[०-९]/u.test(text)],
])("%s has %s nowhere", (language, _rule, isOffence) => {
  expect(offenders(language, isOffence)).toEqual([]);
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
