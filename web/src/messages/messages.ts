import { createContext, useContext } from "react";

import type { Language } from "../format/quantity";
import { en } from "./en";
import { fr } from "./fr";

/** Every text of the page. A language that lacks a key fails the type check. */
export type Messages = typeof en;

export const MESSAGES: Record<Language, Messages> = { fr, en };

/** The language in use, with its text. */
export interface Speech {
  language: Language;
  messages: Messages;
}

export const SpeechContext = createContext<Speech>({ language: "en", messages: en });

export function useSpeech(): Speech {
  return useContext(SpeechContext);
}

export function useMessages(): Messages {
  return useContext(SpeechContext).messages;
}
