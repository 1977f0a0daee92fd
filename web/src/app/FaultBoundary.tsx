import { Component, type ReactNode } from "react";
import { Button } from "react-aria-components";

import { StateBlock } from "../components/StateBlock";
import { useMessages } from "../messages/messages";

/** A fault of the page itself shows as a sentence and a way on, not as an empty window. */
export class FaultBoundary extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }

  override render(): ReactNode {
    return this.state.isBroken ? <Fault /> : this.props.children;
  }
}

function Fault() {
  const { broken } = useMessages();
  return (
    <main className="centre" role="alert">
      <StateBlock title={broken.what}>
        <p>{broken.action}</p>
        <Button className="btn pri" onPress={() => window.location.reload()}>
          {broken.reload}
        </Button>
      </StateBlock>
    </main>
  );
}
