import { QueryClient, QueryClientProvider } from "@tanstack/react-query";

import { ToastProvider } from "../components/Toast";
import type { Failure } from "../errors/failure";
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

/** What the address of the page carried when it opened. */
export interface Arrival {
  /** The token of a one-time link. */
  linkToken: string | null;
  /** Why the identity provider sent the browser back without letting it in. */
  refusal: Failure | null;
}

export function App({ arrival }: { arrival: Arrival }) {
  const preferences = usePreferencesStore();
  const { language, digits } = preferences;
  return (
    <QueryClientProvider client={queryClient}>
      <PreferencesContext value={preferences}>
        <SpeechProvider language={language} digits={digits}>
          <StatusRegion>
            <FaultBoundary>
              <ToastProvider>
                <Frame arrival={arrival} />
              </ToastProvider>
            </FaultBoundary>
          </StatusRegion>
        </SpeechProvider>
      </PreferencesContext>
    </QueryClientProvider>
  );
}
