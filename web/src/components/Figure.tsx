import type { Method } from "../api/types";
import {
  formatEnergy,
  formatGridFactor,
  formatMass,
  formatUncertainty,
  quantityText,
  type Quantity,
} from "../format/quantity";
import { useSpeech } from "../messages/messages";

export type Measure = "energy" | "co2e";

interface FigureProps {
  measure: Measure;
  /** Joules or grams; `null` where nothing was measured. */
  value: number | null;
  method: Method | "unknown";
  /** Half-width of the interval around the value, in percent of it. */
  uncertaintyPercent: number | null;
}

/**
 * The only way to print a quantity: value, unit, how it was obtained (mark and word together)
 * and its uncertainty. ● measured, ◐ modelled, ○ estimated, – not measured.
 */
export function Figure({ measure, value, method, uncertaintyPercent }: FigureProps) {
  const { locale, messages } = useSpeech();
  if (value === null || method === "unknown") {
    return (
      <span className="figure">
        <span aria-hidden="true">–</span>
        {messages.method.unknown}
      </span>
    );
  }
  return (
    <span className="figure num">
      <span className={`meth ${method}`} aria-hidden="true" />
      <span>
        <bdi className="nb">
          {quantityText(quantityOf(measure, value, uncertaintyPercent, locale))}
          {measure === "co2e" && <Equivalent />}
        </bdi>{" "}
        <span className="nb">
          {messages.method[method]}
          {uncertaintyPercent !== null && (
            <>
              {messages.method.separator}
              <bdi>{formatUncertainty(uncertaintyPercent, locale)}</bdi>
            </>
          )}
        </span>
      </span>
    </span>
  );
}

/** A grid factor: a published value, about which nothing was obtained here. */
export function Factor({ gramsPerKilowattHour }: { gramsPerKilowattHour: number }) {
  const { locale } = useSpeech();
  const text = quantityText(formatGridFactor(gramsPerKilowattHour, locale));
  return (
    <bdi className="num nb">
      {text}
      <Equivalent />
      /kWh
    </bdi>
  );
}

/** Of what a mass is: the fonts have no sign for the small figure. */
function Equivalent() {
  return (
    <>
      {" "}
      CO<sub>2</sub>e
    </>
  );
}

function quantityOf(
  measure: Measure,
  value: number,
  uncertaintyPercent: number | null,
  locale: string,
): Quantity {
  switch (measure) {
    case "energy":
      return formatEnergy(value, uncertaintyPercent, locale);
    case "co2e":
      return formatMass(value, uncertaintyPercent, locale);
  }
}
