import { useMemo } from "react";

import type { DeskDoor } from "../app/desks";
import { LANGUAGES, LANGUAGE_NAMES } from "../format/locale";
import { IS_APPLE, keysOfShortcut } from "../keyboard/shortcuts";
import { useMessages } from "../messages/messages";
import type { Theme } from "../preferences/preferences";
import { usePreferences } from "../preferences/usePreferences";
import type { Command } from "./commands";

const THEMES: readonly Theme[] = ["system", "light", "dark"];
const THEME_ICONS = { system: "monitor", light: "sun", dark: "moon" } as const;

export interface CommandTargets {
  onNew: () => void;
  onHelp: () => void;
  onArchived: () => void;
  onPassword: () => void;
  desks: readonly DeskDoor[];
  onSignOut: () => void;
}

/** What the palette can do besides opening a conversation. */
export function useCommands(targets: CommandTargets): Command[] {
  const { account, keyboard, palette, password, settings } = useMessages();
  const { change, language, theme } = usePreferences();
  const { onNew, onHelp, onArchived, onPassword, desks, onSignOut } = targets;
  return useMemo((): Command[] => {
    const keysOf = (id: "newConversation" | "help"): string =>
      keysOfShortcut(id, keyboard.names, IS_APPLE);
    const themes = THEMES.filter((id) => id !== theme).map((id): Command => {
      const text = palette.theme(settings[id]);
      return { id: `theme-${id}`, icon: THEME_ICONS[id], text, run: () => change({ theme: id }) };
    });
    const languages = LANGUAGES.filter((id) => id !== language).map((id): Command => {
      const text = palette.language(LANGUAGE_NAMES[id]);
      const run = (): void => change({ language: id });
      // Who lost the way in a foreign language finds back by its English name.
      return { id: `language-${id}`, icon: "languages", text, also: `language ${id}`, run };
    });
    return [
      {
        id: "new",
        icon: "plus",
        text: palette.newConversation,
        keys: keysOf("newConversation"),
        run: onNew,
      },
      { id: "archived", icon: "archive", text: palette.showArchived, run: onArchived },
      ...themes,
      ...languages,
      { id: "help", icon: "keyboard", text: palette.help, keys: keysOf("help"), run: onHelp },
      ...desks.map(({ page, icon, open }) => ({ id: page, icon, text: account[page], run: open })),
      { id: "password", icon: "lock", text: password.change, run: onPassword },
      { id: "sign-out", icon: "logOut", text: palette.signOut, run: onSignOut },
    ];
  }, [
    account,
    keyboard,
    palette,
    password,
    settings,
    change,
    language,
    theme,
    onNew,
    onHelp,
    onArchived,
    onPassword,
    desks,
    onSignOut,
  ]);
}
