import { createContext, useCallback, useContext, useLayoutEffect, useState } from "react";

import {
  applyPreferences,
  readPreferences,
  writePreferences,
  type Preferences,
} from "./preferences";

export interface PreferencesControl extends Preferences {
  change: (change: Partial<Preferences>) => void;
}

export const PreferencesContext = createContext<PreferencesControl>({
  language: "en",
  theme: "system",
  change: () => undefined,
});

/** Language and theme: read once, applied to `<html>`, remembered in this browser. */
export function usePreferencesStore(): PreferencesControl {
  const [preferences, setPreferences] = useState(() =>
    readPreferences(window.localStorage, window.navigator.language),
  );
  useLayoutEffect(() => {
    applyPreferences(document.documentElement, preferences);
  }, [preferences]);
  const change = useCallback((changed: Partial<Preferences>): void => {
    setPreferences((before) => {
      const after = { ...before, ...changed };
      writePreferences(window.localStorage, after);
      return after;
    });
  }, []);
  return { ...preferences, change };
}

export function usePreferences(): PreferencesControl {
  return useContext(PreferencesContext);
}
