import { useCallback, useRef } from "react";
import { Button } from "react-aria-components";

import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { useModels } from "../../models/hooks/useModels";
import type { SessionControl } from "../../session/hooks/useSession";
import type { ConversationControl } from "../hooks/useConversation";
import { useAnnouncements } from "../hooks/useAnnouncements";
import { useEscape } from "../hooks/useEscape";
import { useReadingPosition } from "../hooks/useReadingPosition";
import { Composer } from "./Composer";
import { EmptyState } from "./EmptyState";
import { TurnView } from "./TurnView";

interface ConversationPageProps {
  conversation: ConversationControl;
  session: SessionControl;
  /** Changes when a new conversation begins. */
  focusKey: number;
}

export function ConversationPage({ conversation, session, focusKey }: ConversationPageProps) {
  const messages = useMessages();
  const choice = useModels();
  const { turns, isAnswering, ask, sendAgain, stop } = conversation;
  const latest = turns.at(-1);
  const scroller = useRef<HTMLDivElement>(null);
  const reading = useReadingPosition(scroller, latest?.id ?? null, latest);
  useAnnouncements(latest ?? null);
  useEscape(isAnswering, stop);

  const { chosen } = choice;
  const askChosen = useCallback(
    (question: string): void => {
      if (chosen !== null) ask(question, chosen);
    },
    [ask, chosen],
  );

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
        <div className="thread">
          {turns.length === 0 && <EmptyState choice={choice} onAsk={askChosen} />}
          {turns.map((turn) => (
            <TurnView
              key={turn.id}
              turn={turn}
              session={session}
              canSend={!isAnswering}
              onSendAgain={sendAgain}
            />
          ))}
        </div>
      </div>
      <div className="below">
        {reading.isMoreBelow && (
          <Button className="chip more" onPress={reading.follow}>
            <Icon name="down" isSmall />
            {messages.conversation.more}
          </Button>
        )}
        <Composer
          choice={choice}
          isAnswering={isAnswering}
          focusKey={focusKey}
          onAsk={askChosen}
          onStop={stop}
        />
      </div>
    </>
  );
}
