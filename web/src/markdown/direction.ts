import type { Direction, Language } from "../format/locale";

const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Mandaic}\p{Script=Samaritan}\p{Script=Adlam}\p{Script=Hanifi_Rohingya}]/u;
const ARABIC = /\p{Script=Arabic}/u;
const DEVANAGARI = /\p{Script=Devanagari}/u;
/** Letters that Persian, Urdu and their neighbours have and Arabic does not. */
const NOT_ARABIC_LANGUAGE = /[پچژگکیےںٹڈڑہھ]/u;
const LETTER = /\p{L}/u;

/** Addresses and code are left to right whatever the language around them. */
const NOT_PROSE = /`[^`]*`|\b(?:https?|mailto):\S+/giu;

/**
 * Direction of a block of text: the majority of its strong letters, outside code and addresses;
 * `fallback` where it has none. (`dir=auto` looks at the first letter only and fails when Arabic
 * opens with a Latin word.)
 */
export function directionOf(text: string, fallback: Direction = "ltr"): Direction {
  const prose = proseOf(text);
  if (!LETTER.test(prose)) return fallback;
  if (!RIGHT_TO_LEFT.test(prose)) return "ltr";
  let balance = 0;
  for (const character of prose) {
    if (LETTER.test(character)) balance += RIGHT_TO_LEFT.test(character) ? 1 : -1;
  }
  return balance > 0 ? "rtl" : "ltr";
}

/**
 * The `lang` of a block: what its script says. Empty where the script is not that of the page and
 * leaves several languages open; `undefined` where the page's own language holds.
 */
export function languageOfText(text: string, page: Language): string | undefined {
  const prose = proseOf(text);
  if (!LETTER.test(prose)) return undefined;
  const spoken = scriptLanguageOf(prose);
  if (spoken !== null) return spoken === page ? undefined : spoken;
  return page === "ar" || page === "hi" ? "" : undefined;
}

/** The language that the script of most letters stands for; `null` for Latin and all others. */
function scriptLanguageOf(prose: string): string | null {
  if (!ARABIC.test(prose) && !DEVANAGARI.test(prose)) return null;
  let [arabic, devanagari, other] = [0, 0, 0];
  for (const character of prose) {
    if (!LETTER.test(character)) continue;
    if (ARABIC.test(character)) arabic += 1;
    else if (DEVANAGARI.test(character)) devanagari += 1;
    else other += 1;
  }
  if (arabic > devanagari && arabic > other) return NOT_ARABIC_LANGUAGE.test(prose) ? "" : "ar";
  return devanagari > other ? "hi" : null;
}

function proseOf(text: string): string {
  return text.replace(NOT_PROSE, " ");
}
