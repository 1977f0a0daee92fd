import type { Messages } from "../messages/messages";

type Texts = Messages["keyboard"];
type KeyName = keyof Texts["names"];

/** Keys pressed together. `mod` is ⌘ on Apple's keyboards and Ctrl elsewhere. */
export interface Chord {
  /** As `KeyboardEvent.key` names it; a letter in lower case. */
  key: string;
  mod?: boolean;
  shift?: boolean;
  alt?: boolean;
}

/** Where keys work, in the order of the help. */
export const SCOPES = ["everywhere", "inConversation", "inField", "inList"] as const;

export type Scope = (typeof SCOPES)[number];

export interface Shortcut {
  id: keyof Texts;
  scope: Scope;
  chords: readonly Chord[];
}

/**
 * Every key of the page. The handlers and the help read this table. Outside of a field and a list
 * no key works without Ctrl, ⌘, Alt or being a function key (WCAG 2.1.4).
 */
export const SHORTCUTS = [
  { id: "palette", scope: "everywhere", chords: [{ key: "k", mod: true }] },
  { id: "newConversation", scope: "everywhere", chords: [{ key: "o", mod: true, shift: true }] },
  { id: "nextRegion", scope: "everywhere", chords: [{ key: "F6" }] },
  { id: "previousRegion", scope: "everywhere", chords: [{ key: "F6", shift: true }] },
  { id: "close", scope: "everywhere", chords: [{ key: "Escape" }] },
  { id: "help", scope: "everywhere", chords: [{ key: "/", mod: true }] },
  { id: "previousTurn", scope: "inConversation", chords: [{ key: "ArrowUp", alt: true }] },
  { id: "nextTurn", scope: "inConversation", chords: [{ key: "ArrowDown", alt: true }] },
  { id: "follow", scope: "inConversation", chords: [{ key: "End" }] },
  { id: "send", scope: "inField", chords: [{ key: "Enter" }] },
  { id: "newLine", scope: "inField", chords: [{ key: "Enter", shift: true }] },
  { id: "rowUp", scope: "inList", chords: [{ key: "ArrowUp" }] },
  { id: "rowDown", scope: "inList", chords: [{ key: "ArrowDown" }] },
  { id: "rowMenu", scope: "inList", chords: [{ key: "F10", shift: true }, { key: "ContextMenu" }] },
  { id: "rename", scope: "inList", chords: [{ key: "F2" }] },
  { id: "remove", scope: "inList", chords: [{ key: "Delete" }] },
] as const satisfies readonly Shortcut[];

export type ShortcutId = (typeof SHORTCUTS)[number]["id"];

/** A key press, as far as shortcuts look at it. */
export type Press = Pick<
  KeyboardEvent,
  "key" | "code" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey" | "isComposing"
>;

/** The shortcut of one scope that a key press means. */
export function shortcutOf(press: Press, scope: Scope, isApple: boolean): ShortcutId | null {
  if (press.isComposing) return null;
  const found = SHORTCUTS.find(
    (shortcut) =>
      shortcut.scope === scope && shortcut.chords.some((chord) => isMeant(press, chord, isApple)),
  );
  return found?.id ?? null;
}

/** The signs to press, in the order in which they are written. */
export function keysOf(
  { key, mod = false, shift = false, alt = false }: Chord,
  names: Texts["names"],
  isApple: boolean,
): string {
  const modifiers = [
    mod && (isApple ? "⌘" : names.control),
    alt && (isApple ? "⌥" : names.alt),
    shift && (isApple ? "⇧" : names.shift),
  ];
  return [...modifiers.filter((name) => name !== false), signOf(key, names)].join(" ");
}

/** The first keys of a shortcut, to stand beside what does the same. */
export function keysOfShortcut(
  id: ShortcutId,
  names: Texts["names"],
  isApple: boolean,
): string {
  const chord = SHORTCUTS.find((shortcut) => shortcut.id === id)?.chords[0];
  return chord === undefined ? "" : keysOf(chord, names, isApple);
}

export const IS_APPLE =
  typeof navigator !== "undefined" && /mac|iphone|ipad/iu.test(navigator.userAgent);

const SIGNS: Record<string, string> = { ArrowUp: "↑", ArrowDown: "↓", ContextMenu: "▤" };

const NAMES: Record<string, KeyName> = {
  Enter: "enter",
  Escape: "escape",
  Delete: "delete",
  End: "end",
};

function signOf(key: string, names: Texts["names"]): string {
  const name = NAMES[key];
  if (name !== undefined) return names[name];
  return SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

function isMeant(press: Press, chord: Chord, isApple: boolean): boolean {
  const { mod = false, shift = false, alt = false } = chord;
  const isModDown = isApple ? press.metaKey : press.ctrlKey;
  const isOtherDown = isApple ? press.ctrlKey : press.metaKey;
  if (isModDown !== mod || isOtherDown || press.altKey !== alt) return false;
  if (!isSameKey(press, chord.key)) return false;
  // Where a sign stands on the keyboard decides whether it takes Shift: "/" does on many.
  return press.shiftKey === shift || /^[^\p{L}\p{N}]$/u.test(chord.key);
}

/** A letter is also meant by its place where the keyboard writes another script. */
function isSameKey({ key, code }: Press, wanted: string): boolean {
  if (wanted.length > 1) return key === wanted;
  if (key.toLowerCase() === wanted) return true;
  const isOtherScript = /^[^\u0000-\u024F]/u.test(key);
  return isOtherScript && (code === `Key${wanted.toUpperCase()}` || (wanted === "/" && code === "Slash"));
}
