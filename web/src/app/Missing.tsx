import { Button } from "react-aria-components";

import { StateBlock } from "../components/StateBlock";
import { useMessages } from "../messages/messages";

/** The page of an address that can be no conversation. */
export function Missing({ onNew }: { onNew: () => void }) {
  const { missing } = useMessages();
  return (
    <div className="centre">
      <StateBlock title={missing.title} kind="denied">
        <p>{missing.text}</p>
        <Button className="btn pri" onPress={onNew}>
          {missing.action}
        </Button>
      </StateBlock>
    </div>
  );
}
