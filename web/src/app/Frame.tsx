import { useEffect, useRef } from "react";
import { Button } from "react-aria-components";

import { ErrorNote } from "../components/ErrorNote";
import { StateBlock } from "../components/StateBlock";
import { useToast } from "../components/Toast";
import { describeFailure } from "../errors/describe";
import { SignInPage } from "../features/session/components/SignInPage";
import { useSession, type SessionControl } from "../features/session/hooks/useSession";
import { useMessages } from "../messages/messages";
import { useAnnounce } from "../status/StatusRegion";
import type { Arrival } from "./App";
import { useIsOffline } from "./offline";
import { OfflineBar } from "./OfflineBar";
import { DoorBar } from "./TopBar";
import { Workspace } from "./Workspace";

/** What the session allows to see: the workspace, or the way in. */
export function Frame({ arrival }: { arrival: Arrival }) {
  const messages = useMessages();
  const { app, status } = messages;
  const toast = useToast();
  const announce = useAnnounce();
  const session = useSession(arrival.linkToken, arrival.refusal);
  const isOffline = useIsOffline();
  const isSignedIn = session.status === "signedIn";

  const wasSignedOut = useRef(false);
  useEffect(() => {
    if (session.status === "signedOut") wasSignedOut.current = true;
    else if (isSignedIn && wasSignedOut.current) {
      wasSignedOut.current = false;
      announce(status.signedIn);
    }
  }, [session.status, isSignedIn, announce, status]);

  // Who was signed in already and could not be connected is told over the page, once.
  const untold = useRef(arrival.refusal);
  useEffect(() => {
    if (session.status === "signedOut") untold.current = null;
    if (!isSignedIn || untold.current === null) return;
    toast({ text: describeFailure(untold.current, messages).what });
    untold.current = null;
  }, [session.status, isSignedIn, toast, messages]);

  if (isSignedIn) return <Workspace session={session} isOffline={isOffline} />;
  return (
    <div className="app">
      <a className="skip" href="#main">
        {app.skipToSignIn}
      </a>
      <div className="page">
        <DoorBar />
        <OfflineBar isOffline={isOffline} />
        <main id="main" tabIndex={-1}>
          <Door session={session} />
        </main>
      </div>
    </div>
  );
}

/** What stands in place of the workspace while nobody is signed in. */
function Door({ session }: { session: SessionControl }) {
  const { app } = useMessages();
  if (session.status === "opening") {
    return <p className="centre late">{app.loading}</p>;
  }
  if (session.failure !== null) {
    return (
      <div className="centre">
        <StateBlock title={app.closedTitle}>
          <ErrorNote failure={session.failure}>
            <Button className="btn" onPress={session.retry}>
              {app.retry}
            </Button>
          </ErrorNote>
        </StateBlock>
      </div>
    );
  }
  return <SignInPage session={session} />;
}
