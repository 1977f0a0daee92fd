import { expect, test } from "vitest";

import { shownName } from "./name";

test.each([
  ["Minutes of March", "Minutes of March", false],
  ["two  spaces\tand a tab", "two spaces and a tab", false],
  ["safe\u202Egnp.exe", "safegnp.exe", true],
  ["\u2066a\u2069\u200Bb", "ab", true],
  ["pay\u200Dpal", "paypal", true],
  ["\uFEFF\u0007", "", true],
  ["x\u{E0041}y", "xy", true],
  // Joiners that the script needs stay.
  ["می\u200Cخواهم", "می\u200Cخواهم", false],
  ["क्\u200Dष", "क्\u200Dष", false],
  ["👩\u200D🔬", "👩\u200D🔬", false],
])("%j is shown as %j", (name, text, isChanged) => {
  expect(shownName(name)).toEqual({ text, isChanged });
});
