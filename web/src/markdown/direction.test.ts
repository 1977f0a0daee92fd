import { expect, test } from "vitest";

import type { Language } from "../format/locale";
import { directionOf, languageOfText } from "./direction";

test.each([
  ["Hello", "ltr"],
  ["مرحبا بكم", "rtl"],
  ["Galerne يعمل على هذا الخادم", "rtl"],
  ["استعمل `cargo nextest run --release --workspace`", "rtl"],
  ["انظر https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000006908200", "rtl"],
  ["שלום", "rtl"],
  ["नमस्ते", "ltr"],
  ["The word سلام means peace", "ltr"],
  ["ab اب", "ltr"],
])("direction of %s is %s", (text, direction) => {
  expect(directionOf(text)).toBe(direction);
});

test("text without letters takes the direction of the page", () => {
  expect(directionOf("42 % …", "rtl")).toBe("rtl");
  expect(directionOf("`code`", "rtl")).toBe("rtl");
  expect(directionOf("42 % …")).toBe("ltr");
});

test.each<[string, Language, string | undefined]>([
  ["مرحبا بكم", "fr", "ar"],
  ["مرحبا بكم", "ar", undefined],
  ["سلام، حال شما چطور است؟", "ar", ""],
  ["नमस्ते", "en", "hi"],
  ["नमस्ते", "hi", undefined],
  ["Bonjour", "fr", undefined],
  ["Bonjour", "ar", ""],
  ["42", "ar", undefined],
])("the language of %s on a page in %s is %j", (text, page, language) => {
  expect(languageOfText(text, page)).toBe(language);
});
