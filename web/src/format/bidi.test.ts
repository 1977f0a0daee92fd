import { expect, test } from "vitest";

import { isolate, withoutHidden } from "./bidi";

test("a name is wrapped in an isolate", () => {
  expect(isolate("a.pdf")).toBe("\u2068a.pdf\u2069");
});

test.each([
  ["safe\u202Egnp.exe", "safegnp.exe"],
  ["\u2066a\u2069\u200Bb\u00AD", "ab"],
  ["pay\u200Dpal", "paypal"],
  ["\uFEFF\u0007", ""],
  ["x\u{E0041}y", "xy"],
  // Joiners that the script needs stay.
  ["می\u200Cخواهم.txt", "می\u200Cخواهم.txt"],
  ["क्\u200Dष", "क्\u200Dष"],
])("nothing hides in %j", (name, clean) => {
  expect(withoutHidden(name)).toBe(clean);
});
