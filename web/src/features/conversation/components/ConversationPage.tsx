import { useCallback, useRef } from "react";
import { Button } from "react-aria-components";

import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { useModelChoice } from "../../models/hooks/useModelChoice";
import type { Question } from "../entry";
import { useAnnouncements } from "../hooks/useAnnouncements";
import type { ConversationControl } from "../hooks/useConversation";
import { useEscape } from "../hooks/useEscape";
import { useReadingPosition } from "../hooks/useReadingPosition";
import { useTurnActions } from "../hooks/useTurnActions";
import { Composer } from "./Composer";
import { ConversationNotes, ConversationState } from "./ConversationState";
import { useLinkGuard } from "./LinkDialog";
import { Thread } from "./Thread";

interface ConversationPageProps {
  conversation: ConversationControl;
  /** Changes when the field should take the focus. */
  focusKey: number;
  /** Begins another conversation. */
  onNew: () => void;
}

/** One conversation: its turns, and the field for the next question. */
export function ConversationPage({ conversation, focusKey, onNew }: ConversationPageProps) {
  const messages = useMessages();
  const choice = useModelChoice(conversation);
  const { status, turns, placed, isAnswering, isConnectionLost, ask, stop } = conversation;
  const latest = turns.at(-1) ?? null;
  const scroller = useRef<HTMLDivElement>(null);
  const heededFocus = useRef<number | null>(null);
  const reading = useReadingPosition(scroller, placed, latest?.key ?? null);
  const links = useLinkGuard();
  const giveBack = useRef<(question: Question) => void>(() => undefined);
  const actions = useTurnActions(conversation, choice.chosen, {
    giveBack: (question) => giveBack.current(question),
    startAnew: onNew,
  });
  useAnnouncements(latest, isConnectionLost);
  useEscape(isAnswering, stop);

  const { chosen } = choice;
  const askChosen = useCallback(
    async (question: Question) => (chosen === null ? "withdrawn" : ask(question, chosen)),
    [ask, chosen],
  );
  const isShown = status === "ready" || status === "empty";

  return (
    <>
      <div
        className="scroll"
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label={messages.conversation.region}
        {...reading.handlers}
      >
        <div className="thread" {...links.handlers}>
          {status === "ready" ? (
            <Thread conversation={conversation} actions={actions} />
          ) : (
            <ConversationState
              conversation={conversation}
              choice={choice}
              onAsk={(text) => void askChosen({ text, attachments: [] })}
              onNew={onNew}
            />
          )}
        </div>
      </div>
      {links.dialog}
      {isShown && (
        <div className="below">
          {reading.isMoreBelow && (
            <div className="more-row">
              <Button className="chip more" onPress={reading.follow}>
                <Icon name="down" isSmall />
                {messages.conversation.more}
              </Button>
            </div>
          )}
          <div className="panel">
            <ConversationNotes conversation={conversation} />
            <Composer
              key={conversation.serial}
              conversationId={conversation.id}
              choice={choice}
              isAnswering={isAnswering}
              focusKey={focusKey}
              heededFocus={heededFocus}
              giveBack={giveBack}
              onAsk={askChosen}
              onStop={stop}
            />
          </div>
        </div>
      )}
    </>
  );
}
