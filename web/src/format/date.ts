import { numberFormat } from "./number";

/** A time of day, e.g. "14:32". */
export function formatTime(date: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(date);
}

/** A year in the digits of the locale, which has no thousands to group. */
export function formatYear(year: number, locale: string): string {
  return numberFormat(locale, { useGrouping: false }).format(year);
}
