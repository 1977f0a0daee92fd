import { Commands } from "../../../components/Commands";
import { ErrorNote } from "../../../components/ErrorNote";
import { useMessages } from "../../../messages/messages";
import type { SessionControl } from "../hooks/useSession";
import { SignInForm } from "./SignInForm";

/** Says how to get in, and why the last link did not work. */
export function SignInPage({ session }: { session: SessionControl }) {
  const { signIn } = useMessages();
  return (
    <div className="centre">
      <div className="sign-in">
        <h1>{signIn.title}</h1>
        <p className="lead">{signIn.lead}</p>
        {session.refusal === null ? <WaysIn /> : <ErrorNote failure={session.refusal} />}
        <SignInForm session={session} />
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
