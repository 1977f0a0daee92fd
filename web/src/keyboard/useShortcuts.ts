import { useEffect, useRef } from "react";

import { moveToRegion } from "./regions";
import { IS_APPLE, shortcutOf, type ShortcutId } from "./shortcuts";
import { moveToTurn } from "./turns";

/** What the page itself does; the other keys of the table have handlers where they work. */
export type PageCommands = Record<"palette" | "newConversation" | "help", () => void>;

/** Layers over the page: inside of them the page's own keys rest, but those that open layers. */
const LAYER = ".scrim,.popover";

/** Answers the keys that work everywhere and in a conversation. */
export function useShortcuts(commands: PageCommands, isEnabled: boolean): void {
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  useEffect(() => {
    if (!isEnabled) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const id =
        shortcutOf(event, "everywhere", IS_APPLE) ?? shortcutOf(event, "inConversation", IS_APPLE);
      if (id !== null && run(id, latest.current)) event.preventDefault();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [isEnabled]);
}

/** Whether the key was meant for the page. */
function run(id: ShortcutId, commands: PageCommands): boolean {
  const isCovered = document.querySelector(LAYER) !== null;
  switch (id) {
    case "palette":
    case "help":
      commands[id]();
      return true;
    case "newConversation":
      if (!isCovered) commands[id]();
      return true;
    case "nextRegion":
      return !isCovered && moveToRegion(1);
    case "previousRegion":
      return !isCovered && moveToRegion(-1);
    case "nextTurn":
      return !isCovered && moveToTurn(1);
    case "previousTurn":
      return !isCovered && moveToTurn(-1);
    default:
      return false;
  }
}
