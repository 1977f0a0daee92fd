import { useEffect, useLayoutEffect, useMemo, useState, type ReactNode } from "react";
import { I18nProvider } from "react-aria-components";

import { directionOfLanguage, localeFor, type Digits, type Language } from "../format/locale";
import { en } from "./en";
import { AT_HAND, SpeechContext, loadMessages, type Messages } from "./messages";

interface SpeechProviderProps {
  language: Language;
  digits: Digits;
  children: ReactNode;
}

interface Spoken {
  language: Language;
  messages: Messages;
}

/** Gives the page its texts, and `<html>` their language and direction. */
export function SpeechProvider({ language, digits, children }: SpeechProviderProps) {
  const spoken = useSpoken(language);
  const speech = useMemo(() => {
    if (spoken === null) return null;
    const locale = localeFor(spoken.language, window.navigator.languages, digits);
    return { ...spoken, locale, direction: directionOfLanguage(spoken.language) };
  }, [spoken, digits]);

  useLayoutEffect(() => {
    if (speech === null) return;
    document.documentElement.lang = speech.language;
    document.documentElement.dir = speech.direction;
  }, [speech]);

  if (speech === null) return null;
  return (
    <SpeechContext value={speech}>
      <I18nProvider locale={speech.locale}>{children}</I18nProvider>
    </SpeechContext>
  );
}

/**
 * The chosen language once its texts are here. Until then the one before stays on the page; where
 * the texts cannot be fetched the page stays in it, or speaks English if it never spoke.
 */
function useSpoken(language: Language): Spoken | null {
  const [spoken, setSpoken] = useState<Spoken | null>(() => {
    const messages = AT_HAND[language];
    return messages === undefined ? null : { language, messages };
  });
  useEffect(() => {
    let isWanted = true;
    loadMessages(language).then(
      (messages) => {
        if (isWanted) setSpoken({ language, messages });
      },
      () => {
        if (isWanted) setSpoken((before) => before ?? { language: "en", messages: en });
      },
    );
    return () => {
      isWanted = false;
    };
  }, [language]);
  return spoken;
}
