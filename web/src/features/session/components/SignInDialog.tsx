import { useSyncExternalStore } from "react";

import { Commands } from "../../../components/Commands";
import { Dialog } from "../../../components/Dialog";
import { useMessages } from "../../../messages/messages";
import { sessionExpiry } from "../expiry";
import type { SessionControl } from "../hooks/useSession";
import { LinkForm } from "./LinkForm";
import { PasswordForm } from "./PasswordForm";
import { SignInRefusal } from "./SignInRefusal";

/** Asks to sign in again over the page, which stays as it is, with everything typed in it. */
export function SignInDialog({ session }: { session: SessionControl }) {
  const { signIn } = useMessages();
  const isAsking = useSyncExternalStore(sessionExpiry.subscribe, sessionExpiry.isAsking);
  const { me, refusal } = session;
  const hasPassword = me?.has_password ?? true;
  return (
    <Dialog
      title={signIn.again}
      isOpen={isAsking}
      onOpenChange={(isOpen) => {
        if (!isOpen) sessionExpiry.postpone();
      }}
    >
      <p>{signIn.againLead}</p>
      {refusal !== null && <SignInRefusal failure={refusal} />}
      <PasswordForm session={session} knownName={me?.account.name ?? ""} hasFocus={hasPassword} />
      <section className="other-way">
        <h3>{signIn.or}</h3>
        <LinkForm session={session} hasFocus={!hasPassword} />
        <p>
          <Commands text={signIn.stepCommand} />
        </p>
      </section>
    </Dialog>
  );
}
