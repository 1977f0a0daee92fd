/**
 * Prints quantities. `Intl` rejects Wh and J as units, and it knows nothing about uncertainty,
 * so this file decides the unit, the digits and the spaces for all of them.
 */
export type Language = "fr" | "en";

/** Separates thousands in French. */
const NARROW_NO_BREAK_SPACE = "\u202F";
/** Stands before a unit and before the percent sign in French, and before units in English. */
export const NO_BREAK_SPACE = "\u00A0";

const SIGNIFICANT_DIGITS_MAX = 3;
const SIGNIFICANT_DIGITS_UNKNOWN_UNCERTAINTY = 2;

/** A number ready to print: `text` holds the digits, `unit` the symbol (empty for a count). */
export interface Quantity {
  text: string;
  unit: QuantityUnit;
}

export type QuantityUnit = "" | "J" | "Wh" | "kWh" | "µg" | "mg" | "g" | "kg" | "g/kWh" | "%";

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
  language: Language,
): Quantity {
  return scaled(joules, uncertaintyPercent, language, ENERGY_SCALES);
}

/** Mass of CO2e in grams. */
export function formatMass(
  grams: number,
  uncertaintyPercent: number | null,
  language: Language,
): Quantity {
  return scaled(grams, uncertaintyPercent, language, MASS_SCALES);
}

/** A count: exact, no unit symbol. */
export function formatCount(count: number, language: Language): Quantity {
  return { text: digits(count, 0, language), unit: "" };
}

/** A grid factor in grams of CO2e per kilowatt-hour. */
export function formatGridFactor(gramsPerKilowattHour: number, language: Language): Quantity {
  const places = decimalPlaces(gramsPerKilowattHour, null);
  return { text: digits(gramsPerKilowattHour, places, language), unit: "g/kWh" };
}

/** An uncertainty, rounded up to a whole percent so that it is never understated. */
export function formatUncertainty(percent: number, language: Language): string {
  const text = digits(Math.ceil(percent), 0, language);
  return `±${NO_BREAK_SPACE}${text}${percentSign(language)}`;
}

/** The quantity as one string that never breaks across lines. */
export function quantityText(quantity: Quantity, language: Language): string {
  if (quantity.unit === "") return quantity.text;
  if (quantity.unit === "%") return `${quantity.text}${percentSign(language)}`;
  return `${quantity.text}${NO_BREAK_SPACE}${quantity.unit}`;
}

function percentSign(language: Language): string {
  return language === "fr" ? `${NO_BREAK_SPACE}%` : "%";
}

function scaled(
  value: number,
  uncertaintyPercent: number | null,
  language: Language,
  scales: readonly Scale[],
): Quantity {
  const scale = scales.find(({ from }) => Math.abs(value) >= from) ?? scales[scales.length - 1];
  if (scale === undefined) throw new RangeError("a table of units is empty");
  const inUnit = value / scale.size;
  const places = decimalPlaces(inUnit, uncertaintyPercent);
  return { text: digits(inUnit, places, language), unit: scale.unit };
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

function digits(value: number, places: number, language: Language): string {
  const step = 10 ** -places;
  const rounded = places < 0 ? Math.round(value / step) * step : value;
  const fraction = Math.max(0, places);
  return new Intl.NumberFormat(language === "fr" ? "fr-FR" : "en-GB", {
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  })
    .format(rounded)
    .replace(/[\s\u00A0]/gu, NARROW_NO_BREAK_SPACE);
}
