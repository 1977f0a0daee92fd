import { expect, test } from "vitest";

import { languageOfTags, localeFor, type Digits, type Language } from "./locale";

test.each<[string[], Language]>([
  [["fr-FR", "en"], "fr"],
  [["de-DE", "hi-IN", "en"], "hi"],
  [["AR-eg"], "ar"],
  [["fro", "de"], "en"],
  [[], "en"],
])("a browser that asks for %j gets %s", (wanted, language) => {
  expect(languageOfTags(wanted)).toBe(language);
});

test.each<[Language, string[], Digits, string]>([
  ["fr", ["fr-CA", "fr"], "locale", "fr-CA"],
  ["fr", ["en-US"], "locale", "fr-FR"],
  ["ar", ["en", "ar"], "locale", "ar"],
  ["ar", ["ar-EG"], "locale", "ar-EG"],
  ["ar", ["ar-EG"], "latin", "ar-EG-u-nu-latn"],
  ["ar", [], "native", "ar-u-nu-arab"],
  ["hi", [], "native", "hi-IN-u-nu-deva"],
  ["en", ["en-US"], "native", "en-US"],
  ["en", ["en-!", "en-US"], "locale", "en-US"],
])("%s for %j with %s digits is %s", (language, wanted, digits, locale) => {
  expect(localeFor(language, wanted, digits)).toBe(locale);
});
