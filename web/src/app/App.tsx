import { QueryClient, QueryClientProvider } from "@tanstack/react-query";

import { ToastProvider } from "../components/Toast";
import { SpeechProvider } from "../messages/SpeechProvider";
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
  const { language, digits } = preferences;
  return (
    <QueryClientProvider client={queryClient}>
      <PreferencesContext value={preferences}>
        <SpeechProvider language={language} digits={digits}>
          <StatusRegion>
            <FaultBoundary>
              <ToastProvider>
                <Frame linkToken={linkToken} />
              </ToastProvider>
            </FaultBoundary>
          </StatusRegion>
        </SpeechProvider>
      </PreferencesContext>
    </QueryClientProvider>
  );
}
