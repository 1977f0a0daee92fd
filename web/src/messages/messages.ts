import { createContext, useContext } from "react";

import type { Direction, Language } from "../format/locale";
import { en } from "./en";
import { fr } from "./fr";

/** Every text of the page. A language that lacks a key fails the type check. */
export type Messages = typeof en;

/** Texts that come with the page; the others are files of their own, asked for when chosen. */
export const AT_HAND: Partial<Record<Language, Messages>> = { fr, en };

export async function loadMessages(language: Language): Promise<Messages> {
  switch (language) {
    case "fr":
      return fr;
    case "en":
      return en;
    case "ar":
      return (await import("./ar")).ar;
    case "hi":
      return (await import("./hi")).hi;
  }
}

/** The language in use, with its text. */
export interface Speech {
  language: Language;
  /** The tag for `Intl` and for `format/`: language, region and digits. */
  locale: string;
  direction: Direction;
  messages: Messages;
}

export const SpeechContext = createContext<Speech>({
  language: "en",
  locale: "en-GB",
  direction: "ltr",
  messages: en,
});

export function useSpeech(): Speech {
  return useContext(SpeechContext);
}

export function useMessages(): Messages {
  return useContext(SpeechContext).messages;
}
