import { use } from "react";

import type { Language } from "../../format/locale";
import { useSpeech } from "../messages";
import { en } from "./en";

/** The texts of the pages that few people open, so that nobody else fetches them. */
export type DeskTexts = typeof en;

export async function loadDeskTexts(language: Language): Promise<DeskTexts> {
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

const asked = new Map<Language, Promise<DeskTexts>>();

/** Waits, under a `Suspense`, for the texts; English ones where they cannot be fetched. */
export function useDeskTexts(): DeskTexts {
  const { language } = useSpeech();
  let texts = asked.get(language);
  if (texts === undefined) {
    texts = loadDeskTexts(language).catch(() => en);
    asked.set(language, texts);
  }
  return use(texts);
}
