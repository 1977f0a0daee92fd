import { useEffect } from "react";

/** Escape stops what runs, unless an open layer or the composition of a character took it. */
export function useEscape(isActive: boolean, action: () => void): void {
  useEffect(() => {
    if (!isActive) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) action();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [isActive, action]);
}
