import { useEffect, useState } from "react";

/** The longest wait that a timer of the browser knows. */
const WAIT_MS_MAX = 2 ** 31 - 1;

/** The time, told anew when `next` of it has come. */
export function useNow(next: (now: number) => number | null): number {
  const [now, setNow] = useState(() => Date.now());
  const at = next(now);
  useEffect(() => {
    if (at === null) return undefined;
    const wait = Math.min(Math.max(at - Date.now(), 0), WAIT_MS_MAX);
    const timer = window.setTimeout(() => setNow(Math.max(at, Date.now())), wait);
    return () => window.clearTimeout(timer);
  }, [at]);
  return now;
}
