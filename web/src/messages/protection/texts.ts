import { use } from "react";

import type { Language } from "../../format/locale";
import { useSpeech } from "../messages";
import { en } from "./en";

/** The texts of the pages of whoever protects data, so that nobody else fetches them. */
export type ProtectionTexts = typeof en;

export async function loadProtectionTexts(language: Language): Promise<ProtectionTexts> {
  switch (language) {
    case "en":
      return en;
    case "fr":
      return (await import("./fr")).fr;
    case "ar":
      return (await import("./ar")).ar;
    case "hi":
      return (await import("./hi")).hi;
  }
}

const asked = new Map<Language, Promise<ProtectionTexts>>();

/** Waits, under a `Suspense`, for the texts; English ones where they cannot be fetched. */
export function useProtectionTexts(): ProtectionTexts {
  const { language } = useSpeech();
  let texts = asked.get(language);
  if (texts === undefined) {
    texts = loadProtectionTexts(language).catch(() => en);
    asked.set(language, texts);
  }
  return use(texts);
}
