import { createContext, useContext, useMemo, useState, type ReactNode } from "react";

import { StatusQueue } from "./status-queue";

const AnnounceContext = createContext<(text: string) => void>(() => undefined);

/** The one polite status region of the page. Streamed text itself is not live. */
export function StatusRegion({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState({ text: "", count: 0 });
  const announce = useMemo(() => {
    const queue = new StatusQueue((text) => setShown(({ count }) => ({ text, count: count + 1 })));
    return (text: string): void => queue.announce(text);
  }, []);
  return (
    <AnnounceContext value={announce}>
      {children}
      {/* The attribute keeps it audible while a dialog hides the page. */}
      <div className="vh" role="status" data-live-announcer="true">
        {/* A new element each time, so that the same words are announced again. */}
        <span key={shown.count}>{shown.text}</span>
      </div>
    </AnnounceContext>
  );
}

export function useAnnounce(): (text: string) => void {
  return useContext(AnnounceContext);
}
