import type { Language } from "../format/quantity";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  language: Language;
  theme: Theme;
}

const LANGUAGE_KEY = "galerne.language";
const THEME_KEY = "galerne.theme";

/** What the person chose earlier, else what the browser asks for. */
export function readPreferences(storage: Pick<Storage, "getItem">, wanted: string): Preferences {
  const language = storage.getItem(LANGUAGE_KEY);
  const theme = storage.getItem(THEME_KEY);
  return {
    language: language === "fr" || language === "en" ? language : languageOf(wanted),
    theme: theme === "light" || theme === "dark" ? theme : "system",
  };
}

export function writePreferences(
  storage: Pick<Storage, "setItem">,
  { language, theme }: Preferences,
): void {
  storage.setItem(LANGUAGE_KEY, language);
  storage.setItem(THEME_KEY, theme);
}

/** Puts the preferences on `<html>`; without `data-theme` the system decides. */
export function applyPreferences(root: HTMLElement, { language, theme }: Preferences): void {
  root.lang = language;
  root.dir = "ltr";
  if (theme === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme);
}

function languageOf(tag: string): Language {
  return /^fr\b/iu.test(tag) ? "fr" : "en";
}
