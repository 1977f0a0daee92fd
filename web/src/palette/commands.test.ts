import { expect, test } from "vitest";

import { findCommands, type Command } from "./commands";

const COMMANDS = ["Nouvelle conversation", "Thème : Sombre", "اللغة: العربية"].map(
  (text): Command => ({ id: text, text, icon: "plus", run: () => undefined }),
);

test.each([
  ["", 3],
  ["  ", 3],
  ["conv", 1],
  ["THEME somb", 1],
  ["sombre thème", 1],
  ["عرب", 0],
  ["العرب", 1],
  ["ombre", 0],
  [":", 3],
])("%j finds %i", (query, count) => {
  expect(findCommands(COMMANDS, query)).toHaveLength(count);
});

test("a command is found by its other names too", () => {
  const command: Command = { id: "x", text: "Sign out", also: "log", icon: "logOut", run: () => undefined };
  expect(findCommands([command], "log")).toEqual([command]);
});
