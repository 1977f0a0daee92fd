import type { ReactNode } from "react";

/** Drawings from Lucide (ISC, see public/assets/licences/lucide.txt), inlined. */
const DRAWINGS = {
  wind: [
    "M12.8 19.6A2 2 0 1 0 14 16H2",
    "M17.5 8a2.5 2.5 0 1 1 2 4H2",
    "M9.8 4.4A2 2 0 1 1 11 8H2",
  ],
  plus: ["M5 12h14", "M12 5v14"],
  copy: [
    "M10 8h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2V10a2 2 0 0 1 2-2z",
    "M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2",
  ],
  check: ["M20 6 9 17l-5-5"],
  place: [
    "M20 10c0 4.993-5.539 10.193-7.399 11.799a1 1 0 0 1-1.202 0C9.539 20.193 4 14.993 4 10a8 8 0 0 1 16 0",
    "M12 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  ],
  stop: ["M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z"],
  send: ["m5 12 7-7 7 7", "M12 19V5"],
  down: ["M12 5v14", "m19 12-7 7-7-7"],
  settings: [
    "M14 17H5",
    "M19 7h-9",
    "M17 14a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
    "M7 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  ],
  alert: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", "M12 8v4", "M12 16h.01"],
  info: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", "M12 16v-4", "M12 8h.01"],
  chevron: ["m6 9 6 6 6-6"],
  model: [
    "M12 8V4H8",
    "M6 8h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2z",
    "M2 14h2",
    "M20 14h2",
    "M15 13v2",
    "M9 13v2",
  ],
} as const satisfies Record<string, readonly string[]>;

export type IconName = keyof typeof DRAWINGS;

/** A decorative drawing: the control around it carries the name. */
export function Icon({ name, isSmall = false }: { name: IconName; isSmall?: boolean }): ReactNode {
  return (
    <svg
      className={isSmall ? "i s" : "i"}
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
