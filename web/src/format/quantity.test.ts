import { describe, expect, test } from "vitest";

import {
  formatCount,
  formatEnergy,
  formatGridFactor,
  formatMass,
  formatUncertainty,
  quantityText,
  type Quantity,
} from "./quantity";

function check(quantity: Quantity, expected: string): void {
  expect(quantityText(quantity)).toBe(expected);
}

describe("energy", () => {
  test.each<[number, number | null, string, string]>([
    [1512, 8, "0.42\u00A0Wh", "0,42\u00A0Wh"],
    [23.4, 50, "20\u00A0J", "20\u00A0J"],
    [23.4, 30, "23\u00A0J", "23\u00A0J"],
    [23.4, 4, "23.4\u00A0J", "23,4\u00A0J"],
    [23.4, 0.01, "23.4\u00A0J", "23,4\u00A0J"],
    [0.734, 40, "0.7\u00A0J", "0,7\u00A0J"],
    [23.4, null, "23\u00A0J", "23\u00A0J"],
    [9.7, 300, "10\u00A0J", "10\u00A0J"],
    [359, 5, "360\u00A0J", "360\u00A0J"],
    [0, 10, "0\u00A0J", "0\u00A0J"],
    [4_428_000, 1, "1.23\u00A0kWh", "1,23\u00A0kWh"],
    [4_446_000_000, 0.01, "1,235\u00A0kWh", "1\u202F235\u00A0kWh"],
  ])("%d J at ±%s %%", (joules, uncertainty, english, french) => {
    check(formatEnergy(joules, uncertainty, "en"), english);
    check(formatEnergy(joules, uncertainty, "fr"), french);
  });
});

describe("mass of CO2e", () => {
  test.each<[number, number | null, string]>([
    [0.0142, 10, "14\u00A0mg"],
    [0.00021, 45, "0,21\u00A0mg"],
    [0.0000123, 20, "12\u00A0µg"],
    [12.34, 1, "12,3\u00A0g"],
    [1234, 1, "1,23\u00A0kg"],
  ])("%d g at ±%s %%", (grams, uncertainty, french) => {
    check(formatMass(grams, uncertainty, "fr"), french);
  });
});

test("counts group by thousands, narrow no-break space in French", () => {
  check(formatCount(41207, "fr"), "41\u202F207");
  check(formatCount(41207, "en"), "41,207");
});

test.each([
  ["ar", "1,234,567"],
  ["ar-EG", "١٬٢٣٤٬٥٦٧"],
  ["ar-EG-u-nu-latn", "1,234,567"],
  ["hi", "12,34,567"],
  ["hi-IN-u-nu-deva", "१२,३४,५६७"],
])("a count in %s follows its locale", (locale, expected) => {
  check(formatCount(1_234_567, locale), expected);
});

test.each([
  ["ar", "0.42\u00A0Wh", "±8\u200E%\u200E"],
  ["ar-EG", "٠٫٤٢\u00A0Wh", "±٨٪\u061C"],
  ["hi", "0.42\u00A0Wh", "±8%"],
])("energy in %s", (locale, energy, uncertainty) => {
  check(formatEnergy(1512, 8, locale), energy);
  expect(formatUncertainty(8, locale)).toBe(uncertainty);
});

test("a grid factor keeps its own digits", () => {
  check(formatGridFactor(33, "fr"), "33\u00A0g");
  check(formatGridFactor(401, "en"), "401\u00A0g");
  check(formatGridFactor(53.4, "en"), "53\u00A0g");
});

test("an uncertainty is never understated", () => {
  expect(formatUncertainty(7.2, "fr")).toBe("±\u00A08\u00A0%");
  expect(formatUncertainty(8, "en")).toBe("±\u00A08%");
});
