/** The languages of the page, in the order in which they are offered. */
export const LANGUAGES = ["fr", "en", "ar", "hi"] as const;

export type Language = (typeof LANGUAGES)[number];

export type Direction = "ltr" | "rtl";

/** Which digits numbers are written with, where a language knows two kinds. */
export type Digits = "locale" | "latin" | "native";

/** The name of each language in itself. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  fr: "Français",
  en: "English",
  ar: "العربية",
  hi: "हिन्दी",
};

/** The locale of a reader whose browser names no region for the language. */
const DEFAULT_LOCALES: Record<Language, string> = {
  fr: "fr-FR",
  en: "en-GB",
  ar: "ar",
  hi: "hi-IN",
};

/** Unicode numbering systems besides the Latin digits. */
export const NATIVE_DIGITS: Partial<Record<Language, string>> = { ar: "arab", hi: "deva" };

export function isLanguage(value: unknown): value is Language {
  return LANGUAGES.some((language) => language === value);
}

export function directionOfLanguage(language: Language): Direction {
  return language === "ar" ? "rtl" : "ltr";
}

/** The first language of the page that the browser asks for, else English. */
export function languageOfTags(wanted: readonly string[]): Language {
  return wanted.map(primaryOf).find(isLanguage) ?? "en";
}

/**
 * The tag that `Intl` gets: the language of the page, with the region that the browser asks for
 * and the digits that the reader chose. `ar-EG` writes ٣ by itself, `ar` and `hi` write 3.
 */
export function localeFor(language: Language, wanted: readonly string[], digits: Digits): string {
  const region = wanted.find((tag) => primaryOf(tag) === language && isWellFormed(tag));
  const locale = region?.includes("-") === true ? region : DEFAULT_LOCALES[language];
  const native = NATIVE_DIGITS[language];
  if (digits === "locale" || native === undefined) return locale;
  const numberingSystem = digits === "latin" ? "latn" : native;
  return new Intl.Locale(locale, { numberingSystem }).toString();
}

function primaryOf(tag: string): string {
  return tag.split(/[-_]/u, 1)[0]?.toLowerCase() ?? "";
}

function isWellFormed(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
