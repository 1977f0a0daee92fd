import { Counted } from "../src/components/Counted";
import { Factor, Figure } from "../src/components/Figure";
import { useMessages } from "../src/messages/messages";
import type { Story } from "./story";

function Tokens() {
  const { provenance } = useMessages();
  return (
    <div className="story-row">
      {[0, 1, 2, 3, 11, 100, 1_234_567].map((count) => (
        <Counted key={count} count={count} unit={provenance.tokens} />
      ))}
    </div>
  );
}

const story: Story = {
  title: "Figure, Counted, Factor",
  states: {
    measured: () => (
      <Figure measure="energy" value={1512} method="measured" uncertaintyPercent={8} />
    ),
    modelled: () => (
      <Figure measure="co2e" value={0.0142} method="modelled" uncertaintyPercent={25} />
    ),
    estimated: () => (
      <Figure measure="energy" value={23.4} method="estimated" uncertaintyPercent={50} />
    ),
    "uncertainty unknown": () => (
      <Figure measure="co2e" value={1234} method="estimated" uncertaintyPercent={null} />
    ),
    "not measured": () => (
      <Figure measure="energy" value={null} method="unknown" uncertaintyPercent={null} />
    ),
    factor: () => <Factor gramsPerKilowattHour={33} />,
    "counts in each plural form": Tokens,
  },
};
export default story;
