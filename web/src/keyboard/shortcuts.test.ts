import { describe, expect, test } from "vitest";

import { en } from "../messages/en";
import { fr } from "../messages/fr";
import { SHORTCUTS, keysOf, shortcutOf, type Chord, type Press, type Scope } from "./shortcuts";

function press(text: string, change: Partial<Press> = {}): Press {
  const keys = text.split(" ");
  const has = (name: string): boolean => keys.includes(name);
  return {
    key: keys.at(-1) ?? "",
    code: "",
    ctrlKey: has("Ctrl"),
    metaKey: has("Meta"),
    shiftKey: has("Shift"),
    altKey: has("Alt"),
    isComposing: false,
    ...change,
  };
}

function check(text: string, expected: string | null, isApple = false, scope: Scope = "everywhere") {
  expect(shortcutOf(press(text), scope, isApple)).toBe(expected);
}

describe("keys", () => {
  test.each([
    ["Ctrl k", "palette"],
    ["Ctrl K", "palette"],
    ["Ctrl Shift O", "newConversation"],
    ["Ctrl o", null],
    ["Ctrl /", "help"],
    // AZERTY and QWERTZ write "/" with Shift.
    ["Ctrl Shift /", "help"],
    ["F6", "nextRegion"],
    ["Shift F6", "previousRegion"],
    ["Ctrl F6", null],
    ["k", null],
    ["Meta k", null],
    ["Ctrl Alt k", null],
  ])("%s mean %s", (text, expected) => check(text, expected));

  test("of Apple have the command key", () => {
    check("Meta k", "palette", true);
    check("Ctrl k", null, true);
  });

  test("belong to their scope", () => {
    check("Alt ArrowDown", "nextTurn", false, "inConversation");
    check("Alt ArrowDown", null);
    check("F2", "rename", false, "inList");
  });

  test("of another script are meant by their place", () => {
    const arabic = press("Ctrl ن", { code: "KeyK" });
    expect(shortcutOf(arabic, "everywhere", false)).toBe("palette");
    // On a Latin layout the sign decides: Dvorak has "t" where others have "k".
    expect(shortcutOf(press("Ctrl t", { code: "KeyK" }), "everywhere", false)).toBeNull();
  });

  test("that compose a character mean nothing", () => {
    const composing = press("Ctrl k", { isComposing: true });
    expect(shortcutOf(composing, "everywhere", false)).toBeNull();
  });
});

test("no sign works alone outside of a field and a list", () => {
  const alone = SHORTCUTS.filter(
    ({ scope, chords }) =>
      scope !== "inField" &&
      scope !== "inList" &&
      chords.some((chord: Chord) => chord.key.length === 1 && chord.mod !== true),
  );
  expect(alone).toEqual([]);
});

test("no keys mean two things in one scope", () => {
  const all = SHORTCUTS.flatMap(({ scope, chords }) =>
    chords.map((chord) => `${scope} ${keysOf(chord, en.keyboard.names, false)}`),
  );
  expect(new Set(all).size).toBe(all.length);
});

test("keys are written as the keyboard has them", () => {
  const chord = { key: "o", mod: true, shift: true };
  expect(keysOf(chord, en.keyboard.names, false)).toBe("Ctrl Shift O");
  expect(keysOf(chord, fr.keyboard.names, false)).toBe("Ctrl Maj O");
  expect(keysOf(chord, en.keyboard.names, true)).toBe("⌘ ⇧ O");
  expect(keysOf({ key: "ArrowUp", alt: true }, en.keyboard.names, false)).toBe("Alt ↑");
});
