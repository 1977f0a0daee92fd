import { isLanguage, languageOfTags, type Digits, type Language } from "../format/locale";

export type Theme = "system" | "light" | "dark";

export interface Preferences {
  language: Language;
  theme: Theme;
  digits: Digits;
}

// `public/first-paint.js` reads the first two before the page is painted.
const LANGUAGE_KEY = "galerne.language";
const THEME_KEY = "galerne.theme";
const DIGITS_KEY = "galerne.digits";

/** What the person chose earlier, else what the browser asks for. */
export function readPreferences(
  storage: Pick<Storage, "getItem">,
  wanted: readonly string[],
): Preferences {
  const language = storage.getItem(LANGUAGE_KEY);
  const theme = storage.getItem(THEME_KEY);
  const digits = storage.getItem(DIGITS_KEY);
  return {
    language: isLanguage(language) ? language : languageOfTags(wanted),
    theme: theme === "light" || theme === "dark" ? theme : "system",
    digits: digits === "latin" || digits === "native" ? digits : "locale",
  };
}

export function writePreferences(
  storage: Pick<Storage, "setItem">,
  { language, theme, digits }: Preferences,
): void {
  try {
    storage.setItem(LANGUAGE_KEY, language);
    storage.setItem(THEME_KEY, theme);
    storage.setItem(DIGITS_KEY, digits);
  } catch {
    // The storage is full: the choice lasts as long as the tab.
  }
}

/** Puts the theme on `<html>`; without `data-theme` the system decides. */
export function applyTheme(root: HTMLElement, theme: Theme): void {
  if (theme === "system") root.removeAttribute("data-theme");
  else root.setAttribute("data-theme", theme);
}
