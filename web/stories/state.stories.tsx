import { Button } from "react-aria-components";

import { StateBlock, type StateKind } from "../src/components/StateBlock";
import { useSamples } from "./samples";
import type { Story } from "./story";

function State({ kind, isQuiet = false }: { kind: StateKind; isQuiet?: boolean }) {
  const { title, sentence, act } = useSamples();
  return (
    <StateBlock title={title} kind={kind} isQuiet={isQuiet} headingLevel={3}>
      <p>{sentence}</p>
      <Button className="btn">{act}</Button>
    </StateBlock>
  );
}

function LongState() {
  const { longTitle, sentence } = useSamples();
  return (
    <StateBlock title={longTitle} kind="denied" headingLevel={3}>
      <p>{sentence}</p>
    </StateBlock>
  );
}

const story: Story = {
  title: "StateBlock",
  states: {
    empty: () => <State kind="empty" />,
    error: () => <State kind="error" />,
    offline: () => <State kind="offline" />,
    partial: () => <State kind="partial" />,
    stale: () => <State kind="stale" />,
    "denied, longest": LongState,
    quiet: () => <State kind="empty" isQuiet />,
  },
};
export default story;
