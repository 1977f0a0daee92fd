import { useEffect, useRef } from "react";

import { useMessages } from "../../../messages/messages";
import { useAnnounce } from "../../../status/StatusRegion";
import type { Phase, Turn } from "../conversation";

/** Tells the status region how the latest answer goes. Failures are alerts of their own. */
export function useAnnouncements(latest: Turn | null): void {
  const { status } = useMessages();
  const announce = useAnnounce();
  const told = useRef<{ id: number; phase: Phase } | null>(null);
  useEffect(() => {
    if (latest === null) return;
    const { id, phase, usage } = latest;
    if (told.current?.id === id && told.current.phase === phase) return;
    told.current = { id, phase };
    if (phase === "streaming") announce(status.started);
    else if (phase === "stopped") announce(status.stopped);
    else if (phase === "complete") {
      const isCounted = usage !== null;
      announce(isCounted ? status.complete(usage.completion_tokens) : status.completeUncounted);
    }
  }, [latest, status, announce]);
}
