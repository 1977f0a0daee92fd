import { useEffect, useRef } from "react";

import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { useAnnounce } from "../../../status/StatusRegion";
import type { Phase, Turn } from "../turns";

/**
 * Tells the status region how the latest answer goes. Failures are alerts of their own. What had
 * ended before this page looked is not news.
 */
export function useAnnouncements(latest: Turn | null, isConnectionLost: boolean): void {
  const { locale, messages } = useSpeech();
  const { status } = messages;
  const announce = useAnnounce();
  const told = useRef<{ key: string; phase: Phase } | null>(null);
  useEffect(() => {
    const answer = latest?.answer ?? null;
    if (latest === null || answer === null) return;
    const { phase, usage } = answer;
    const key = `${latest.key} ${answer.last.key}`;
    const before = told.current?.key === key ? told.current.phase : null;
    if (before === phase) return;
    told.current = { key, phase };
    const wasRunning = before === "waiting" || before === "writing";
    if (phase === "writing") announce(status.started);
    else if (!wasRunning) return;
    else if (phase === "stopped") announce(status.stopped);
    else if (phase === "interrupted") announce(status.interrupted);
    else if (phase === "complete" || phase === "length") {
      const tokens = usage?.completion_tokens ?? null;
      if (tokens === null) announce(status.completeUncounted);
      else announce(status.complete(tokens, formatCount(tokens, locale).text));
    }
  }, [latest, status, locale, announce]);

  useEffect(() => {
    if (isConnectionLost) announce(status.connectionLost);
  }, [isConnectionLost, status, announce]);
}
