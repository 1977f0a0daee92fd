import { useSyncExternalStore } from "react";

/** A server on this machine answers without any network. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/u.test(host);
}

/** Whether the network that leads to the server is gone. */
export function useIsOffline(): boolean {
  const isOnline = useSyncExternalStore(subscribe, () => window.navigator.onLine);
  return !isOnline && !isLoopback(window.location.hostname);
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener("online", onChange);
  window.addEventListener("offline", onChange);
  return () => {
    window.removeEventListener("online", onChange);
    window.removeEventListener("offline", onChange);
  };
}
