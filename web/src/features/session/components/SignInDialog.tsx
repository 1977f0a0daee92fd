import { useSyncExternalStore } from "react";

import { Commands } from "../../../components/Commands";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { useMessages } from "../../../messages/messages";
import { sessionExpiry } from "../expiry";
import type { SessionControl } from "../hooks/useSession";
import { SignInForm } from "./SignInForm";

/** Asks to sign in again over the page, which stays as it is, with everything typed in it. */
export function SignInDialog({ session }: { session: SessionControl }) {
  const { signIn } = useMessages();
  const isAsking = useSyncExternalStore(sessionExpiry.subscribe, sessionExpiry.isAsking);
  return (
    <Dialog
      title={signIn.again}
      isOpen={isAsking}
      onOpenChange={(isOpen) => {
        if (!isOpen) sessionExpiry.postpone();
      }}
    >
      <p>{signIn.againLead}</p>
      <p>
        <Commands text={signIn.stepCommand} />
      </p>
      {session.refusal !== null && <ErrorNote failure={session.refusal} />}
      <SignInForm session={session} hasFocus />
    </Dialog>
  );
}
