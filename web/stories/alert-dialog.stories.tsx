import { Button } from "react-aria-components";

import { Dialog } from "../src/components/Dialog";
import { useMessages } from "../src/messages/messages";
import { useSamples } from "./samples";
import type { Story } from "./story";

function Open() {
  const { conversations, parts } = useMessages();
  const { title } = useSamples();
  return (
    <Dialog
      title={conversations.deleteTitle}
      isOpen
      isAlert
      onOpenChange={() => undefined}
      footer={
        <>
          <Button className="btn bad">{conversations.deleteConfirm}</Button>
          <Button className="btn quiet">{parts.cancel}</Button>
        </>
      }
    >
      <p>{conversations.deleteText(title)}</p>
    </Dialog>
  );
}

const story: Story = { title: "Dialog that asks first", states: { open: Open } };
export default story;
