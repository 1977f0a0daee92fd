import { expect, test } from "vitest";

import { nextTurn } from "./turns";

test.each([
  ["at the top of the second", [-400, 0.4, 300], 2, 0],
  ["in the middle of the second", [-400, -100, 300], 2, 1],
  ["at the start", [0, 300], 1, -1],
  ["at the end", [-400, 0], -1, 0],
  ["with none", [], -1, -1],
])("%s", (_name, tops, next, previous) => {
  expect([nextTurn(tops, 1), nextTurn(tops, -1)]).toEqual([next, previous]);
});
