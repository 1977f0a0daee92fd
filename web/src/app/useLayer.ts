import { useCallback, useState } from "react";

import type { Card } from "../features/conversations/card";

/** What lies over the page: one layer at a time. */
export type Layer =
  | { kind: "none" }
  | { kind: "navigation" }
  | { kind: "palette" }
  | { kind: "help" }
  | { kind: "password" }
  | { kind: "delete"; card: Card };

const NONE: Layer = { kind: "none" };

export function useLayer() {
  const [layer, setLayer] = useState<Layer>(NONE);
  const close = useCallback((): void => setLayer(NONE), []);
  /** Opens a layer, or closes it where it lies already. A question that waits is not covered. */
  const toggle = useCallback((kind: "palette" | "help"): void => {
    setLayer((before) => {
      if (before.kind === kind) return NONE;
      const isForeign = before.kind === "none" && document.querySelector(".scrim") !== null;
      return before.kind === "delete" || isForeign ? before : { kind };
    });
  }, []);
  return { layer, open: setLayer, close, toggle };
}
