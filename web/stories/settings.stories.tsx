import { SettingsMenu } from "../src/preferences/SettingsMenu";
import type { Story } from "./story";

const story: Story = {
  title: "Settings",
  states: { open: () => <SettingsMenu onSignOut={() => undefined} /> },
  isPressed: true,
};
export default story;
