import type { ReactNode } from "react";

import { DRAWINGS } from "./drawings";

export type IconName = keyof typeof DRAWINGS;

/** Drawings that point along the line of reading, so that they turn with it. */
const MIRRORED: ReadonlySet<IconName> = new Set(["back", "forward", "menu", "undo", "logOut"]);

/** A decorative drawing: the control around it carries the name. */
export function Icon({ name, isSmall = false }: { name: IconName; isSmall?: boolean }): ReactNode {
  const size = isSmall ? "i s" : "i";
  return (
    <svg
      className={MIRRORED.has(name) ? `${size} flip` : size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {DRAWINGS[name].map((path) => (
        <path key={path} d={path} />
      ))}
    </svg>
  );
}
