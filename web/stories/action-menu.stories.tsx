import { ActionMenu } from "../src/components/ActionMenu";
import { useSamples } from "./samples";
import type { Story } from "./story";

function Open() {
  const { title, rename, pin, remove, archived } = useSamples();
  const act = (): void => undefined;
  return (
    <ActionMenu
      name={title}
      items={[
        { id: "rename", text: rename, icon: "pencil", onAction: act },
        { id: "pin", text: pin, icon: "pin", shortcut: "Ctrl+P", onAction: act },
        { id: "archive", text: archived, icon: "archive", isDisabled: true, onAction: act },
        { id: "remove", text: remove, icon: "trash", isDangerous: true, onAction: act },
      ]}
    />
  );
}

const story: Story = { title: "ActionMenu", states: { open: Open }, isPressed: true };
export default story;
