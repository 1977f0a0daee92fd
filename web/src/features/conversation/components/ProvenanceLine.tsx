import type { Usage } from "../../../api/types";
import { Figure } from "../../../components/Figure";
import { formatCount, formatEnergy, formatMass } from "../../../format/quantity";
import { Icon } from "../../../icons/Icon";
import { useSpeech } from "../../../messages/messages";
import { placeOf } from "../place";
import { ProvenanceDetails } from "./ProvenanceDetails";

/** One line per answer, always in this order: place, energy, emissions, tokens. */
export function ProvenanceLine({ usage }: { usage: Usage }) {
  const { language, messages } = useSpeech();
  const { provenance } = messages;
  const tokens = usage.completion_tokens;
  return (
    <div className="prov" role="group" aria-label={provenance.label}>
      <span className="item">
        <Icon name="place" isSmall />
        {placeOf(usage, messages, language)}
      </span>
      <Figure
        quantity={formatEnergy(usage.energy_joules, usage.energy_uncertainty_percent, language)}
        method={usage.energy_method}
        uncertaintyPercent={usage.energy_uncertainty_percent}
      />
      <Figure
        quantity={formatMass(usage.co2e_grams, usage.co2e_uncertainty_percent, language)}
        method={usage.co2e_method}
        uncertaintyPercent={usage.co2e_uncertainty_percent}
        substance="CO2e"
      />
      <span className="item num nb">
        {provenance.tokens(tokens, formatCount(tokens, language).text)}
      </span>
      <ProvenanceDetails usage={usage} />
    </div>
  );
}
