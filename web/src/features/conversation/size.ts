import { numberFormat } from "../../format/number";

const UNITS = ["byte", "kilobyte", "megabyte"] as const;
const STEP = 1000;

/** An exact size as people read it: 812 bytes, 12 kB, 1.4 MB. */
export function formatSize(bytes: number, locale: string): string {
  let value = bytes;
  let at = 0;
  while (value >= STEP && at < UNITS.length - 1) {
    value /= STEP;
    at += 1;
  }
  return numberFormat(locale, {
    style: "unit",
    unit: UNITS[at] ?? "byte",
    unitDisplay: at === 0 ? "long" : "short",
    maximumFractionDigits: value < 10 && at > 0 ? 1 : 0,
  }).format(value);
}
