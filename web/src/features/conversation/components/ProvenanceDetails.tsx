import { Dialog, DialogTrigger, Heading, Popover } from "react-aria-components";

import type { Usage } from "../../../api/types";
import { Factor, Figure } from "../../../components/Figure";
import { IconButton } from "../../../components/IconButton";
import { formatYear } from "../../../format/date";
import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { placeOf } from "../place";

/** Where each figure of the provenance line comes from. */
export function ProvenanceDetails({ usage }: { usage: Usage }) {
  const { language, locale, messages } = useSpeech();
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
                measure="energy"
                value={usage.energy_joules}
                method={usage.energy_method}
                uncertaintyPercent={usage.energy_uncertainty_percent}
              />
              <small>{messages.methodExplained[usage.energy_method]}</small>
            </dd>
            <dt>{provenance.emissions}</dt>
            <dd>
              <Figure
                measure="co2e"
                value={usage.co2e_grams}
                method={usage.co2e_method}
                uncertaintyPercent={usage.co2e_uncertainty_percent}
              />
              <small>{provenance.emissionsExplained}</small>
            </dd>
            <dt>{provenance.gridFactor}</dt>
            <dd>
              <Factor gramsPerKilowattHour={usage.grid_factor_grams_per_kwh} />
              {messages.method.separator}
              <bdi>{formatYear(usage.grid_factor_year, locale)}</bdi>
              <small>
                <bdi>{usage.grid_factor_source}</bdi>
              </small>
            </dd>
            <dt>{provenance.tokensRead}</dt>
            <dd className="num">{formatCount(usage.prompt_tokens, locale).text}</dd>
            <dt>{provenance.tokensWritten}</dt>
            <dd className="num">{formatCount(usage.completion_tokens, locale).text}</dd>
          </dl>
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}
