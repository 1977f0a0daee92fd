/** Starts a run of text whose direction is its own. */
const FIRST_STRONG_ISOLATE = "\u2068";
const POP_DIRECTIONAL_ISOLATE = "\u2069";

/**
 * Keeps a name together inside a sentence of the other direction. For attributes and titles,
 * where no element can do it; in markup `Bidi` does.
 */
export function isolate(text: string): string {
  return `${FIRST_STRONG_ISOLATE}${text}${POP_DIRECTIONAL_ISOLATE}`;
}

/** Controls, marks of direction and spaces without width: they hide how a name reads. */
const HIDDEN =
  /[\u0000-\u0008\u000E-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E007F}]/gu;

/**
 * The joiners have a place between letters of scripts whose letters join, and in emoji that are
 * made of several; anywhere else they only hide.
 */
const STRAY_JOINER =
  /(?<![\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])[\u200C\u200D]+/gu;

/** A name without the characters that hide or reverse how it reads. */
export function withoutHidden(name: string): string {
  return name.replace(HIDDEN, "").replace(STRAY_JOINER, "");
}
