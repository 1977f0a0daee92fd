import { Button } from "react-aria-components";

import { Dialog } from "../src/components/Dialog";
import { useSamples } from "./samples";
import type { Story } from "./story";

function Open() {
  const { longTitle, sentence, act, other } = useSamples();
  return (
    <Dialog
      title={longTitle}
      isOpen
      onOpenChange={() => undefined}
      footer={
        <>
          <Button className="btn pri">{act}</Button>
          <Button className="btn quiet">{other}</Button>
        </>
      }
    >
      {Array.from({ length: 6 }, (_, at) => (
        <p key={at}>{sentence}</p>
      ))}
    </Dialog>
  );
}

const story: Story = { title: "Dialog", states: { "open, with a long title": Open } };
export default story;
