import { Bidi } from "../src/components/Bidi";
import { ZoneChip } from "../src/components/ZoneChip";
import { useSamples } from "./samples";
import type { Story } from "./story";

function InSentence() {
  const { title } = useSamples();
  return (
    <p>
      {title} · <Bidi>rapport_2026 (v2).pdf</Bidi> · <Bidi>تقرير-٢٠٢٦.pdf</Bidi> ·{" "}
      <Bidi direction="ltr">3 / 12</Bidi> · <Bidi direction="ltr">conv_01J9…C2D8</Bidi>
    </p>
  );
}

const story: Story = {
  title: "Bidi, ZoneChip",
  states: {
    "names in a sentence": InSentence,
    "a name longer than the line": () => (
      <Bidi className="ellipsis">{`${"rapport_annuel_".repeat(12)}.pdf`}</Bidi>
    ),
    "where words stay": () => <ZoneChip />,
  },
};
export default story;
