import type { Failure } from "../src/errors/failure";
import { PasswordNotice } from "../src/features/session/components/PasswordNotice";
import { SignInPage } from "../src/features/session/components/SignInPage";
import type { SessionControl } from "../src/features/session/hooks/useSession";
import type { Story } from "./story";

const SIGNED_OUT: SessionControl = {
  status: "signedOut",
  failure: null,
  me: null,
  provider: null,
  refusal: null,
  isSigningIn: false,
  signIn: () => Promise.resolve(),
  signOut: () => Promise.resolve(null),
  choosePassword: () => Promise.resolve(null),
  retry: () => undefined,
};

const TOO_MANY: Failure = {
  code: "capacity.exhausted",
  message: "",
  hint: "",
  retryAfterSeconds: 540,
};

const story: Story = {
  title: "Sign-in",
  states: {
    "without a session": () => <SignInPage session={SIGNED_OUT} />,
    "after too many attempts": () => <SignInPage session={{ ...SIGNED_OUT, refusal: TOO_MANY }} />,
    "with an identity provider": () => (
      <SignInPage session={{ ...SIGNED_OUT, provider: "Ministère de l’Exemple" }} />
    ),
    "by a link": () => <PasswordNotice onChoose={() => undefined} />,
  },
};
export default story;
