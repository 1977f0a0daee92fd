import { Dialog, DialogTrigger, Heading, Popover } from "react-aria-components";

import type { Usage } from "../../../api/types";
import { Figure } from "../../../components/Figure";
import { IconButton } from "../../../components/IconButton";
import {
  formatCount,
  formatEnergy,
  formatGridFactor,
  formatMass,
  quantityText,
} from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { placeOf } from "../place";

/** Where each figure of the provenance line comes from. */
export function ProvenanceDetails({ usage }: { usage: Usage }) {
  const { language, messages } = useSpeech();
  const { provenance } = messages;
  return (
    <DialogTrigger>
      <IconButton icon="info" name={provenance.details} isSmall />
      <Popover className="popover" placement="top end">
        <Dialog className="details">
          <Heading slot="title" level={3}>
            {provenance.details}
          </Heading>
          <dl>
            <dt>{provenance.place}</dt>
            <dd>{placeOf(usage, messages, language)}</dd>
            <dt>{provenance.energy}</dt>
            <dd>
              <Figure
                quantity={formatEnergy(
                  usage.energy_joules,
                  usage.energy_uncertainty_percent,
                  language,
                )}
                method={usage.energy_method}
                uncertaintyPercent={usage.energy_uncertainty_percent}
              />
              <small>{messages.methodExplained[usage.energy_method]}</small>
            </dd>
            <dt>{provenance.emissions}</dt>
            <dd>
              <Figure
                quantity={formatMass(usage.co2e_grams, usage.co2e_uncertainty_percent, language)}
                method={usage.co2e_method}
                uncertaintyPercent={usage.co2e_uncertainty_percent}
                substance="CO2e"
              />
              <small>{provenance.emissionsExplained}</small>
            </dd>
            <dt>{provenance.gridFactor}</dt>
            <dd>
              <bdi className="num nb">
                {quantityText(
                  formatGridFactor(usage.grid_factor_grams_per_kwh, language),
                  language,
                )}
              </bdi>
              , {usage.grid_factor_year}
              <small>{usage.grid_factor_source}</small>
            </dd>
            <dt>{provenance.tokensRead}</dt>
            <dd className="num">{formatCount(usage.prompt_tokens, language).text}</dd>
            <dt>{provenance.tokensWritten}</dt>
            <dd className="num">{formatCount(usage.completion_tokens, language).text}</dd>
          </dl>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
