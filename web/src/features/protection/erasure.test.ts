// @vitest-environment node
import { expect, test } from "vitest";

import { checkCommand, fileNameOf, isConfirmed } from "./erasure";

test("the command names the file as it is saved", () => {
  const erasure = { id: "0192f3c4-a5b6-7c8d-9e0f-1a2b3c4d5e6f" };
  expect(checkCommand(erasure)).toContain(` ${fileNameOf(erasure)} `);
  expect(checkCommand(null)).toBe('galerne-verify erasure erasure-ID.txt --key "$(cat log-key.txt)"');
});

test.each([
  ["anne@ministere.example", true],
  [" anne@ministere.example ", true],
  ["anne", false],
  ["Anne@ministere.example", false],
  ["", false],
])("%j confirms: %s", (typed, expected) => {
  expect(isConfirmed(typed, { name: "anne@ministere.example" })).toBe(expected);
});
