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
        <SignInForm session={session} isPrimary />
      </div>
    </div>
  );
}

function WaysIn() {
  const { signIn } = useMessages();
  return (
    <ul className="steps">
      <li>
        {signIn.stepTerminal} <code>page:</code>
      </li>
      <li>
        {signIn.stepCommand} <code>galerne login-link</code>. {signIn.stepCommandEnd}
      </li>
    </ul>
  );
}
