import { Counted } from "../src/components/Counted";
import { Figure } from "../src/components/Figure";
import { IconButton } from "../src/components/IconButton";
import { Provenance, ProvenanceEnd, ProvenanceItem } from "../src/components/Provenance";
import { useMessages } from "../src/messages/messages";
import { useSamples } from "./samples";
import type { Story } from "./story";

function Line({ isSourced = false }: { isSourced?: boolean }) {
  const { provenance } = useMessages();
  const samples = useSamples();
  return (
    <Provenance>
      {isSourced && (
        <>
          <ProvenanceItem icon="check" tone="ok" onPress={() => undefined}>
            {samples.quotes}
          </ProvenanceItem>
          <ProvenanceItem icon="alert" tone="warn" onPress={() => undefined}>
            {samples.gaps}
          </ProvenanceItem>
        </>
      )}
      <ProvenanceItem icon="place">{provenance.siteLocal}</ProvenanceItem>
      <Figure measure="energy" value={1512} method="measured" uncertaintyPercent={8} />
      <Figure measure="co2e" value={0.0142} method="modelled" uncertaintyPercent={25} />
      <ProvenanceEnd>
        <ProvenanceItem>
          <Counted count={84} unit={provenance.tokens} />
        </ProvenanceItem>
        <IconButton icon="info" name={provenance.details} isSmall />
      </ProvenanceEnd>
    </Provenance>
  );
}

const story: Story = {
  title: "Provenance line",
  states: {
    "of a plain answer": () => <Line />,
    "of a sourced answer": () => <Line isSourced />,
  },
};
export default story;
