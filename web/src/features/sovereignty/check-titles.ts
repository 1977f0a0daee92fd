import { use } from "react";

import type { Language } from "../../format/locale";
import { useSpeech } from "../../messages/messages";

/** What is true where a check passes, by its name. English words come with the report. */
export type CheckTitles = Readonly<Record<string, string>>;

export async function loadCheckTitles(language: Language): Promise<CheckTitles> {
  switch (language) {
    case "en":
      return {};
    case "fr":
      return (await import("../../messages/checks/fr")).fr;
    case "ar":
      return (await import("../../messages/checks/ar")).ar;
    case "hi":
      return (await import("../../messages/checks/hi")).hi;
  }
}

const asked = new Map<Language, Promise<CheckTitles>>();

/** Waits, under a `Suspense`, for the titles; a check of a later server keeps its English words. */
export function useCheckTitles(): (id: string, expected: string | undefined) => string {
  const { language } = useSpeech();
  let titles = asked.get(language);
  if (titles === undefined) {
    titles = loadCheckTitles(language).catch(() => ({}));
    asked.set(language, titles);
  }
  const known = use(titles);
  return (id, expected) =>
    (Object.hasOwn(known, id) ? known[id] : undefined) ?? sentence(expected ?? id);
}

/** The words of the server begin small, as they stand in lines. */
function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
