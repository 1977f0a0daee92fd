import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";

import { ErrorNote } from "../components/ErrorNote";
import { StateBlock } from "../components/StateBlock";
import { ConversationPage } from "../features/conversation/components/ConversationPage";
import { useConversation } from "../features/conversation/hooks/useConversation";
import { SignInPage } from "../features/session/components/SignInPage";
import { useSession } from "../features/session/hooks/useSession";
import { useMessages } from "../messages/messages";
import { useAnnounce } from "../status/StatusRegion";
import { useIsOffline } from "./offline";
import { TopBar } from "./TopBar";

/** The frame around the one page: bar, offline notice, and what the session allows to see. */
export function Frame({ linkToken }: { linkToken: string | null }) {
  const { app, status } = useMessages();
  const announce = useAnnounce();
  const session = useSession(linkToken);
  const conversation = useConversation();
  const [focusKey, setFocusKey] = useState(0);
  const isOffline = useIsOffline();
  const isSignedIn = session.status === "signedIn";
  // A conversation in this tab stays on the page when its session ends.
  const isConversing = isSignedIn || conversation.turns.length > 0;

  const wasSignedOut = useRef(false);
  useEffect(() => {
    if (session.status === "signedOut") wasSignedOut.current = true;
    else if (isSignedIn && wasSignedOut.current) {
      wasSignedOut.current = false;
      announce(status.signedIn);
    }
  }, [session.status, isSignedIn, announce, status]);

  const startAnew = (): void => {
    conversation.clear();
    setFocusKey((key) => key + 1);
    announce(status.cleared);
  };

  return (
    <div className="app">
      <a className="skip" href="#main">
        {isConversing ? app.skipToConversation : app.skipToSignIn}
      </a>
      <TopBar
        question={conversation.turns[0]?.question ?? null}
        isConversing={isConversing}
        onNew={startAnew}
        onSignOut={isSignedIn ? session.signOut : null}
      />
      {isOffline && (
        <p className="offline" role="alert">
          {app.offline}
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {isConversing ? (
          <ConversationPage conversation={conversation} session={session} focusKey={focusKey} />
        ) : (
          <Door session={session} />
        )}
      </main>
    </div>
  );
}

/** What stands in place of the conversation while nobody is signed in. */
function Door({ session }: { session: ReturnType<typeof useSession> }) {
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
