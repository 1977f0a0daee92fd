import { expect, test } from "vitest";

import { LANGUAGES } from "../format/locale";
import { plural } from "./plural";

const arabic = plural("ar", {
  zero: "zero",
  one: "one",
  two: "two",
  few: "few #",
  many: "many #",
  other: "other #",
});

test.each([
  [0, "zero"],
  [1, "one"],
  [2, "two"],
  [3, "few 3"],
  [10, "few 10"],
  [11, "many 11"],
  [99, "many 99"],
  [100, "other 100"],
  [102, "other 102"],
  [103, "few 103"],
])("%d has its Arabic form", (count, text) => {
  expect(arabic(count)).toBe(text);
});

test("French counts zero as one, and says it with the given digits", () => {
  const french = plural("fr", { one: "# jeton", many: "# de jetons", other: "# jetons" });
  expect([0, 1, 2].map((count) => french(count))).toEqual(["0 jeton", "1 jeton", "2 jetons"]);
  expect(french(41207, "41\u202F207")).toBe("41\u202F207 jetons");
  expect(french(1_000_000)).toBe("1000000 de jetons");
});

test("the number is text, whatever it holds", () => {
  expect(plural("en", { one: "#", other: "# of #" })(2, "$&")).toBe("$& of $&");
});

test("the languages have the forms that the types name", () => {
  const forms = LANGUAGES.map((tag) => new Intl.PluralRules(tag).resolvedOptions());
  expect(forms.map(({ pluralCategories }) => pluralCategories.length)).toEqual([3, 2, 6, 2]);
});
