import { useCallback, useEffect, useMemo } from "react";

import { ConversationPage } from "../features/conversation/components/ConversationPage";
import {
  useConversation,
  type ConversationControl,
} from "../features/conversation/hooks/useConversation";
import type { Turn } from "../features/conversation/turns";
import type { Card } from "../features/conversations/card";
import { Navigation } from "../features/conversations/components/Navigation";
import { useCardCommands } from "../features/conversations/hooks/useCardCommands";
import {
  useConversationList,
  type ConversationList,
} from "../features/conversations/hooks/useConversationList";
import type { AccountTargets } from "../features/session/components/AccountSection";
import { PasswordNotice } from "../features/session/components/PasswordNotice";
import { SignInDialog } from "../features/session/components/SignInDialog";
import type { SessionControl } from "../features/session/hooks/useSession";
import { useSignOut } from "../features/session/hooks/useSignOut";
import { useShortcuts } from "../keyboard/useShortcuts";
import { useMessages } from "../messages/messages";
import { Desk } from "./Desk";
import { Layers } from "./Layers";
import { Missing } from "./Missing";
import { NoConversations } from "./NoConversations";
import { OfflineBar } from "./OfflineBar";
import { DESKS, placeOf } from "./route";
import { TopBar } from "./TopBar";
import { useLayer } from "./useLayer";
import { useMediaQuery } from "./useMediaQuery";
import { useRoute, type RouteControl } from "./useRoute";
import { useDesks, useSteps } from "./useSteps";

const TITLE_LENGTH_MAX = 200;
const ROOM_FOR_NAVIGATION = "(min-width: 80rem)";

interface WorkspaceProps {
  session: SessionControl;
  isOffline: boolean;
}

/** The conversations beside the one that is open, and what lies over both. */
export function Workspace({ session, isOffline }: WorkspaceProps) {
  const { app, account: accountTexts, conversation: texts } = useMessages();
  const place = useRoute();
  const { layer, open, close, toggle } = useLayer();
  const isWide = useMediaQuery(ROOM_FOR_NAVIGATION);
  const list = useConversationList(place.filter, true);
  const commands = useCardCommands(list);
  const conversation = useOpenConversation(place, list);
  const card = useCard(conversation, list);
  const steps = useSteps(place, close, conversation.startAnew);
  const { focusKey, startAnew, openCard, openCardAndWrite, takeFocus } = steps;

  const onRemove = useCallback(
    (removed: Card): void => open({ kind: "delete", card: removed }),
    [open],
  );
  const onDeleted = ({ id }: Card): void => {
    if (id === conversation.id) place.go({ page: "new" }, "replace");
    takeFocus();
  };
  const showPalette = useCallback((): void => toggle("palette"), [toggle]);
  const showHelp = useCallback((): void => toggle("help"), [toggle]);
  const showNavigation = useCallback((): void => open({ kind: "navigation" }), [open]);
  const { filterBy } = place;
  const onSearch = useCallback((search: string): void => filterBy({ search }), [filterBy]);
  const onView = useCallback(
    (isArchived: boolean): void => filterBy({ isArchived, search: "" }, "push"),
    [filterBy],
  );
  const signOut = useSignOut(session);
  const showPassword = useCallback((): void => open({ kind: "password" }), [open]);
  const { me } = session;
  const desks = useDesks(me?.account.permissions, place, close);
  const account = useMemo(
    (): AccountTargets | null =>
      me && { me, desks, onPassword: showPassword, onSignOut: signOut },
    [me, showPassword, desks, signOut],
  );
  const targets = {
    onNew: startAnew,
    onHelp: showHelp,
    onArchived: useCallback((): void => {
      onView(true);
      if (!isWide) showNavigation();
    }, [onView, isWide, showNavigation]),
    onPassword: showPassword,
    desks,
    onSignOut: signOut,
  };
  useShortcuts({ palette: showPalette, newConversation: startAnew, help: showHelp }, true);

  const navigation = {
    list,
    commands,
    currentId: conversation.id,
    isOffline,
    onOpen: isWide ? openCard : openCardAndWrite,
    onRemove,
    onNew: startAnew,
    onSearch,
    onPalette: showPalette,
    onView,
  };

  const { page } = place.route;
  const desk = DESKS.find((name) => name === page);
  const title = desk
    ? accountTexts[desk]
    : (conversation.name ?? titleOf(conversation.turns[0]) ?? texts.newTitle);

  return (
    <div className={isWide ? "app wide" : "app"}>
      <a className="skip" href="#main">
        {desk ? app.skipToContent : app.skipToConversation}
      </a>
      {isWide && (
        <nav className="nav" aria-label={app.name}>
          <Navigation {...navigation} />
        </nav>
      )}
      <div className="page">
        <TopBar
          card={card}
          title={title}
          commands={commands}
          onRemove={onRemove}
          onNew={startAnew}
          account={account}
          {...(!isWide && { onNavigation: showNavigation })}
        />
        <OfflineBar isOffline={isOffline} />
        {me?.has_password === false && <PasswordNotice onChoose={showPassword} />}
        <main id="main" tabIndex={-1}>
          {page === "missing" ? (
            <Missing onNew={startAnew} />
          ) : me !== null && desk ? (
            <Desk key={desk} page={desk} me={me} />
          ) : me?.account.permissions.includes("conversations") === false ? (
            <NoConversations />
          ) : (
            <ConversationPage conversation={conversation} focusKey={focusKey} onNew={startAnew} />
          )}
        </main>
      </div>
      <Layers
        layer={layer}
        session={session}
        navigation={navigation}
        targets={targets}
        onOpenCard={openCardAndWrite}
        onDeleted={onDeleted}
        onClose={close}
      />
      <SignInDialog session={session} />
    </div>
  );
}

/** What a conversation is called until the server has named it: its first words. */
function titleOf(turn: Turn | undefined): string | null {
  return turn?.question.text.trimStart().split("\n", 1)[0]?.slice(0, TITLE_LENGTH_MAX) ?? null;
}

/** The conversation that the address names. A new one gets its address without a reload. */
function useOpenConversation(
  { route, go }: RouteControl,
  { refresh }: ConversationList,
): ConversationControl {
  const id = route.page === "conversation" ? route.id : null;
  const onStarted = useCallback(
    (startedId: string): void => {
      // Whoever has gone to another page in the meantime stays there.
      if (placeOf(window.location).route.page !== "new") return;
      go({ page: "conversation", id: startedId }, "replace");
    },
    [go],
  );
  const options = useMemo(() => ({ onStarted, onChanged: refresh }), [onStarted, refresh]);
  return useConversation(id, options);
}

/** What is known about the open conversation, be it in the list or not. */
function useCard({ id, status }: ConversationControl, { find, meet }: ConversationList) {
  const card = useMemo(() => (id === null ? null : find(id)), [id, find]);
  const isUnknown = id !== null && card === null && status === "ready";
  useEffect(() => {
    if (isUnknown) meet(id);
  }, [isUnknown, id, meet]);
  return card;
}
