import { doorsFor } from "../src/app/desks";
import { SettingsMenu } from "../src/preferences/SettingsMenu";
import { ME } from "./people";
import type { Story } from "./story";

const act = (): void => undefined;

const account = {
  me: ME,
  desks: doorsFor(ME.account.permissions, act),
  onPassword: act,
  onSignOut: act,
};

const story: Story = {
  title: "Settings",
  states: {
    open: () => <SettingsMenu account={account} />,
    "before sign-in": () => <SettingsMenu account={null} />,
  },
  isPressed: true,
};
export default story;
