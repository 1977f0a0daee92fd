import type { Language } from "../format/locale";

/** The plural forms that each language has, by the names of Unicode. */
interface PluralForms {
  fr: "one" | "many" | "other";
  en: "one" | "other";
  ar: "zero" | "one" | "two" | "few" | "many" | "other";
  hi: "one" | "other";
}

/** A counted text: `text` is the printed number, the bare digits where it is left out. */
export type Plural = (count: number, text?: string) => string;

/**
 * A text in every plural form of its language; `#` stands for the number. `many` in French is for
 * round millions ("1 million de jetons").
 */
export function plural<Spoken extends Language>(
  language: Spoken,
  forms: Record<PluralForms[Spoken], string>,
): Plural {
  const rules = new Intl.PluralRules(language);
  const byName = forms as Record<Intl.LDMLPluralRule, string>;
  return (count, text = String(count)) => byName[rules.select(count)].replaceAll("#", () => text);
}
