import { Commands } from "../../../components/Commands";
import { useMessages } from "../../../messages/messages";
import type { SessionControl } from "../hooks/useSession";
import { LinkForm } from "./LinkForm";
import { PasswordForm } from "./PasswordForm";
import { ProviderLink } from "./ProviderLink";
import { SignInRefusal } from "./SignInRefusal";

/** Takes a name and a password, or the link of the first time; says why the last try failed. */
export function SignInPage({ session }: { session: SessionControl }) {
  const { signIn } = useMessages();
  const { provider, refusal } = session;
  return (
    <div className="centre">
      <div className="sign-in">
        <h1>{signIn.title}</h1>
        {refusal !== null && <SignInRefusal failure={refusal} />}
        {provider !== null && <ProviderLink name={provider} />}
        <PasswordForm session={session} />
        <section className="other-way">
          <h2>{signIn.or}</h2>
          <p>{signIn.lead}</p>
          <LinkForm session={session} />
          <WaysIn />
        </section>
      </div>
    </div>
  );
}

function WaysIn() {
  const { signIn } = useMessages();
  return (
    <ul className="steps">
      <li>
        {signIn.stepTerminal} <code className="nb">page:</code>
      </li>
      <li>
        <Commands text={signIn.stepCommand} />
      </li>
    </ul>
  );
}
