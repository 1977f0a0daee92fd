import { SettingsMenu } from "../src/preferences/SettingsMenu";
import { ME } from "./people";
import type { Story } from "./story";

const act = (): void => undefined;

const story: Story = {
  title: "Settings",
  states: {
    open: () => <SettingsMenu account={{ me: ME, onPassword: act, onPeople: act, onKeys: act, onSovereignty: act, onSignOut: act }} />,
    "before sign-in": () => <SettingsMenu account={null} />,
  },
  isPressed: true,
};
export default story;
