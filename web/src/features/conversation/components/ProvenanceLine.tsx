import type { Usage } from "../../../api/types";
import { Counted } from "../../../components/Counted";
import { Figure } from "../../../components/Figure";
import { Provenance, ProvenanceEnd, ProvenanceItem } from "../../../components/Provenance";
import { useSpeech } from "../../../messages/messages";
import { ReceiptItem } from "../../receipt/components/ReceiptItem";
import { placeOf } from "../place";
import { ProvenanceDetails } from "./ProvenanceDetails";

interface ProvenanceLineProps {
  usage: Usage;
  /** Of the parts of the answer: what their receipts are asked by. */
  requestIds: readonly string[];
}

/** Where an answer was computed and what it used, and the receipt that says so to others. */
export function ProvenanceLine({ usage, requestIds }: ProvenanceLineProps) {
  const { language, messages } = useSpeech();
  return (
    <Provenance>
      <ProvenanceItem icon="place">{placeOf(usage, messages, language)}</ProvenanceItem>
      <Figure
        measure="energy"
        value={usage.energy_joules}
        method={usage.energy_method}
        uncertaintyPercent={usage.energy_uncertainty_percent}
      />
      <Figure
        measure="co2e"
        value={usage.co2e_grams}
        method={usage.co2e_method}
        uncertaintyPercent={usage.co2e_uncertainty_percent}
      />
      <ProvenanceEnd>
        <ProvenanceItem>
          <Counted count={usage.completion_tokens} unit={messages.provenance.tokens} />
        </ProvenanceItem>
        <ReceiptItem requestIds={requestIds} />
        <ProvenanceDetails usage={usage} />
      </ProvenanceEnd>
    </Provenance>
  );
}
