import { formatUncertainty, quantityText, type Quantity } from "../format/quantity";
import { useSpeech } from "../messages/messages";
import type { Method } from "../api/types";

interface FigureProps {
  quantity: Quantity;
  method: Method;
  /** Half-width of the interval around the value, in percent of it. */
  uncertaintyPercent: number | null;
  /** Of what the quantity is a mass. */
  substance?: "CO2e";
}

/**
 * The only way to print a quantity: value, unit, how it was obtained (mark and word together)
 * and its uncertainty. ● measured, ◐ modelled, ○ estimated.
 */
export function Figure({ quantity, method, uncertaintyPercent, substance }: FigureProps) {
  const { language, messages } = useSpeech();
  return (
    <span className="figure num">
      <span className={`meth ${method}`} aria-hidden="true" />
      <span>
        <bdi className="nb">
          {quantityText(quantity, language)}
          {substance === "CO2e" && (
            <>
              {" "}
              CO<sub>2</sub>e
            </>
          )}
        </bdi>{" "}
        <span className="nb">
          {messages.method[method]}
          {uncertaintyPercent !== null && `, ${formatUncertainty(uncertaintyPercent, language)}`}
        </span>
      </span>
    </span>
  );
}
