/*
 * Prints quantities. `Intl` rejects Wh and J as units, and it knows nothing about uncertainty,
 * so this file decides the unit, the number of digits and the spaces for all of them. `locale` is
 * the tag of `useSpeech`: it decides the shape of the digits and how they are grouped.
 */

import { numberFormat } from "./number";

/** Separates thousands in French. */
const NARROW_NO_BREAK_SPACE = "\u202F";
/** Stands before a unit, and before the percent sign in French. */
const NO_BREAK_SPACE = "\u00A0";

const SIGNIFICANT_DIGITS_MAX = 3;
const SIGNIFICANT_DIGITS_UNKNOWN_UNCERTAINTY = 2;

/** A number ready to print: `text` holds the digits, `unit` the symbol (empty for a count). */
export interface Quantity {
  text: string;
  unit: QuantityUnit;
}

export type QuantityUnit = "" | "J" | "Wh" | "kWh" | "µg" | "mg" | "g" | "kg";

interface Scale {
  unit: QuantityUnit;
  /** Size of the unit, in the base unit of its table. */
  size: number;
  /** The unit is used from this value on, in the base unit. */
  from: number;
}

const JOULES_PER_WATT_HOUR = 3600;

const ENERGY_SCALES: readonly Scale[] = [
  { unit: "kWh", size: JOULES_PER_WATT_HOUR * 1000, from: JOULES_PER_WATT_HOUR * 1000 },
  { unit: "Wh", size: JOULES_PER_WATT_HOUR, from: JOULES_PER_WATT_HOUR / 10 },
  { unit: "J", size: 1, from: 0 },
];

const MASS_SCALES: readonly Scale[] = [
  { unit: "kg", size: 1000, from: 1000 },
  { unit: "g", size: 1, from: 1 },
  { unit: "mg", size: 1e-3, from: 1e-4 },
  { unit: "µg", size: 1e-6, from: 0 },
];

/** Energy in joules; watt-hours appear from a tenth of one on. */
export function formatEnergy(
  joules: number,
  uncertaintyPercent: number | null,
  locale: string,
): Quantity {
  return scaled(joules, uncertaintyPercent, locale, ENERGY_SCALES);
}

/** Mass of CO2e in grams. */
export function formatMass(
  grams: number,
  uncertaintyPercent: number | null,
  locale: string,
): Quantity {
  return scaled(grams, uncertaintyPercent, locale, MASS_SCALES);
}

/** A count: exact, no unit symbol. */
export function formatCount(count: number, locale: string): Quantity {
  return { text: digits(count, 0, locale), unit: "" };
}

/** A grid factor: grams of CO2e, of one kilowatt-hour. */
export function formatGridFactor(gramsPerKilowattHour: number, locale: string): Quantity {
  const places = decimalPlaces(gramsPerKilowattHour, null);
  return { text: digits(gramsPerKilowattHour, places, locale), unit: "g" };
}

/** An uncertainty, rounded up to a whole percent so that it is never understated. */
export function formatUncertainty(percent: number, locale: string): string {
  const gap = /^(?:ar|hi)\b/u.test(locale) ? "" : NO_BREAK_SPACE;
  return `±${gap}${percentText(Math.ceil(percent), locale)}`;
}

/** The quantity as one string that never breaks across lines. */
export function quantityText({ text, unit }: Quantity): string {
  return unit === "" ? text : `${text}${NO_BREAK_SPACE}${unit}`;
}

/** `Intl` places the sign and, for Arabic digits, the mark that keeps it on its side. */
function percentText(percent: number, locale: string): string {
  const text = numberFormat(locale, { style: "percent" }).format(percent / 100);
  return narrowed(text).replace(`${NARROW_NO_BREAK_SPACE}%`, `${NO_BREAK_SPACE}%`);
}

function scaled(
  value: number,
  uncertaintyPercent: number | null,
  locale: string,
  scales: readonly Scale[],
): Quantity {
  const scale = scales.find(({ from }) => Math.abs(value) >= from) ?? scales[scales.length - 1];
  if (scale === undefined) throw new RangeError("a table of units is empty");
  const inUnit = value / scale.size;
  const places = decimalPlaces(inUnit, uncertaintyPercent);
  return { text: digits(inUnit, places, locale), unit: scale.unit };
}

/**
 * Decimal places (negative: tens, hundreds) down to which the digits mean something: the place
 * of the first digit of the uncertainty. The first digit always shows, decimals end at the
 * third digit.
 */
function decimalPlaces(value: number, uncertaintyPercent: number | null): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  const leading = Math.floor(Math.log10(Math.abs(value)));
  if (uncertaintyPercent === null) {
    return Math.max(0, SIGNIFICANT_DIGITS_UNKNOWN_UNCERTAINTY - 1 - leading);
  }
  const finest = Math.max(0, SIGNIFICANT_DIGITS_MAX - 1 - leading);
  if (uncertaintyPercent <= 0) return finest;
  const uncertainty = (Math.abs(value) * uncertaintyPercent) / 100;
  const allowed = -Math.floor(Math.log10(uncertainty));
  return Math.min(Math.max(allowed, -leading), finest);
}

function digits(value: number, places: number, locale: string): string {
  const step = 10 ** -places;
  const rounded = places < 0 ? Math.round(value / step) * step : value;
  const fraction = Math.max(0, places);
  const format = numberFormat(locale, {
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  });
  return narrowed(format.format(rounded));
}

function narrowed(text: string): string {
  return text.replace(/\s/gu, NARROW_NO_BREAK_SPACE);
}
