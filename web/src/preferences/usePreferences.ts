import { createContext, useCallback, useContext, useLayoutEffect, useState } from "react";

import { browserStorage } from "./browser-storage";
import { applyTheme, readPreferences, writePreferences, type Preferences } from "./preferences";

export interface PreferencesControl extends Preferences {
  change: (change: Partial<Preferences>) => void;
}

export const PreferencesContext = createContext<PreferencesControl>({
  language: "en",
  theme: "system",
  digits: "locale",
  change: () => undefined,
});

/** Language, theme and digits: read once, remembered in this browser. */
export function usePreferencesStore(): PreferencesControl {
  const [preferences, setPreferences] = useState(() =>
    readPreferences(browserStorage(), window.navigator.languages),
  );
  const { theme } = preferences;
  useLayoutEffect(() => applyTheme(document.documentElement, theme), [theme]);
  const change = useCallback((changed: Partial<Preferences>): void => {
    setPreferences((before) => {
      const after = { ...before, ...changed };
      writePreferences(browserStorage(), after);
      return after;
    });
  }, []);
  return { ...preferences, change };
}

export function usePreferences(): PreferencesControl {
  return useContext(PreferencesContext);
}
