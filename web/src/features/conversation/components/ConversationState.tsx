import { Button } from "react-aria-components";

import { ErrorNote } from "../../../components/ErrorNote";
import { Skeleton } from "../../../components/Skeleton";
import { StateBlock } from "../../../components/StateBlock";
import { formatTime } from "../../../format/date";
import { Icon } from "../../../icons/Icon";
import { useMessages, useSpeech } from "../../../messages/messages";
import type { ModelChoice } from "../../models/hooks/useModelChoice";
import type { ConversationControl } from "../hooks/useConversation";
import { EmptyState } from "./EmptyState";

interface ConversationStateProps {
  conversation: ConversationControl;
  choice: ModelChoice;
  onAsk: (question: string) => void;
  onNew: () => void;
}

/** What stands in place of the turns: loading, nothing yet, not to be shown, not loaded. */
export function ConversationState(props: ConversationStateProps) {
  const { conversation, choice, onAsk, onNew } = props;
  const { app, conversation: texts, missing } = useMessages();
  const { status, failure, reload } = conversation;
  if (status === "loading") return <Skeleton lines={6} />;
  if (status === "denied" && failure?.code === "conversation.not_found") {
    return (
      <StateBlock title={missing.title} kind="denied">
        <p>{missing.text}</p>
        <Button className="btn pri" onPress={onNew}>
          {missing.action}
        </Button>
      </StateBlock>
    );
  }
  if (failure !== null) {
    return (
      <StateBlock title={texts.loadFailed} kind={status === "denied" ? "denied" : "error"}>
        <ErrorNote failure={failure}>
          <Button className="btn" onPress={reload}>
            {app.retry}
          </Button>
        </ErrorNote>
      </StateBlock>
    );
  }
  return <EmptyState choice={choice} onAsk={onAsk} />;
}

/** What concerns the conversation as a whole, above the field. */
export function ConversationNotes({ conversation }: { conversation: ConversationControl }) {
  const { locale, messages } = useSpeech();
  const { conversation: texts } = messages;
  const { staleSince, isBusyElsewhere, commandFailure, reload } = conversation;
  return (
    <>
      {staleSince !== null && (
        <p className="note stale">
          <Icon name="clock" isSmall />
          <span>{texts.stale(formatTime(new Date(staleSince), locale))}</span>
          <Button className="btn sm" onPress={reload}>
            {texts.refresh}
          </Button>
        </p>
      )}
      {isBusyElsewhere && (
        <p className="note warn" role="alert">
          <Icon name="info" isSmall />
          <span>{texts.busyElsewhere}</span>
        </p>
      )}
      {commandFailure !== null && (
        <ErrorNote failure={commandFailure} also={texts.commandFailed} />
      )}
    </>
  );
}
