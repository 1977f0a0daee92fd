import { Button } from "react-aria-components";

import { CopyButton } from "../src/components/CopyButton";
import { IconButton } from "../src/components/IconButton";
import { Kbd } from "../src/components/Kbd";
import { Icon } from "../src/icons/Icon";
import { DRAWINGS } from "../src/icons/drawings";
import type { IconName } from "../src/icons/Icon";
import { useMessages } from "../src/messages/messages";
import { useSamples } from "./samples";
import type { Story } from "./story";

function Buttons() {
  const samples = useSamples();
  return (
    <div className="story-row">
      <Button className="btn pri">{samples.act}</Button>
      <Button className="btn">{samples.other}</Button>
      <Button className="btn quiet">{samples.undo}</Button>
      <Button className="btn bad">{samples.remove}</Button>
      <Button className="btn sm">{samples.undo}</Button>
    </div>
  );
}

function Disabled() {
  const samples = useSamples();
  const { app } = useMessages();
  return (
    <div className="story-row">
      <Button className="btn pri" isDisabled>
        {samples.act}
      </Button>
      <Button className="btn" isDisabled>
        {samples.other}
      </Button>
      <IconButton icon="retry" name={app.retry} isDisabled />
    </div>
  );
}

function LongLabel() {
  return <Button className="btn">{useSamples().longTitle}</Button>;
}

function IconButtons() {
  const { app, conversation } = useMessages();
  return (
    <div className="story-row">
      <IconButton icon="retry" name={app.retry} />
      <IconButton icon="plus" name={conversation.start} shortcut="Ctrl+Shift+O" />
      <IconButton icon="close" name={app.retry} isSmall />
      <CopyButton text="x" name={conversation.copy} />
      <Kbd>Ctrl K</Kbd>
    </div>
  );
}

function Icons() {
  return (
    <div className="story-row">
      {(Object.keys(DRAWINGS) as IconName[]).map((name) => (
        <Icon key={name} name={name} />
      ))}
    </div>
  );
}

const story: Story = {
  title: "Buttons, icons, keys",
  states: {
    kinds: Buttons,
    disabled: Disabled,
    "a label longer than the line": LongLabel,
    "with an icon": IconButtons,
    icons: Icons,
  },
};
export default story;
