// @vitest-environment node
import { expect, test } from "vitest";

import { doorsFor, isOffered } from "./desks";
import { DESKS } from "./route";

test.each([
  [[], []],
  [["models", "conversations"], []],
  [["accounts", "keys"], ["people", "keys"]],
  [["log"], ["break-glass", "sovereignty"]],
  [["data_protection", "break_glass"], ["data-protection", "break-glass"]],
])("with the permissions %j the pages %j are offered", (permissions, expected) => {
  const opened: string[] = [];
  const doors = doorsFor(permissions, (page) => opened.push(page));
  doors.forEach(({ open }) => open());
  expect(opened).toEqual(expected);
});

test("no page is offered without a permission", () => {
  expect(DESKS.filter((page) => isOffered(page, []))).toEqual([]);
});
