import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useMemo } from "react";
import { I18nProvider } from "react-aria-components";

import { MESSAGES, SpeechContext } from "../messages/messages";
import { PreferencesContext, usePreferencesStore } from "../preferences/usePreferences";
import { StatusRegion } from "../status/StatusRegion";
import { FaultBoundary } from "./FaultBoundary";
import { Frame } from "./Frame";

const queryClient = new QueryClient({
  defaultOptions: {
    // "always": a server on this machine answers without any network.
    queries: { retry: 1, networkMode: "always", refetchOnWindowFocus: false, staleTime: Infinity },
    mutations: { networkMode: "always" },
  },
});

/** `linkToken` is the one-time token that the address of the page carried. */
export function App({ linkToken }: { linkToken: string | null }) {
  const preferences = usePreferencesStore();
  const { language } = preferences;
  const speech = useMemo(() => ({ language, messages: MESSAGES[language] }), [language]);
  return (
    <QueryClientProvider client={queryClient}>
      <PreferencesContext value={preferences}>
        <SpeechContext value={speech}>
          <I18nProvider locale={language === "fr" ? "fr-FR" : "en-GB"}>
            <StatusRegion>
              <FaultBoundary>
                <Frame linkToken={linkToken} />
              </FaultBoundary>
            </StatusRegion>
          </I18nProvider>
        </SpeechContext>
      </PreferencesContext>
    </QueryClientProvider>
  );
}
