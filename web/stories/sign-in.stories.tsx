import { SignInPage } from "../src/features/session/components/SignInPage";
import type { SessionControl } from "../src/features/session/hooks/useSession";
import type { Story } from "./story";

const SIGNED_OUT: SessionControl = {
  status: "signedOut",
  failure: null,
  refusal: null,
  isSigningIn: false,
  signIn: () => Promise.resolve(),
  signOut: () => Promise.resolve(null),
  retry: () => undefined,
};

const story: Story = {
  title: "Sign-in",
  states: { "without a session": () => <SignInPage session={SIGNED_OUT} /> },
};
export default story;
