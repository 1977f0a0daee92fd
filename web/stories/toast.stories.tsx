import { Button } from "react-aria-components";

import { useToast } from "../src/components/Toast";
import { useSamples } from "./samples";
import type { Story } from "./story";

function Shown() {
  const { act, archived, undo, longTitle } = useSamples();
  const toast = useToast();
  const show = (): void => {
    toast({ text: archived, action: { label: undo, onPress: () => undefined }, seconds: 600 });
    toast({ text: longTitle, seconds: 600 });
  };
  return (
    <Button className="btn" onPress={show}>
      {act}
    </Button>
  );
}

const story: Story = { title: "Toast", states: { "two at once": Shown }, isPressed: true };
export default story;
