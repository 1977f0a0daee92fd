import { memo, useState } from "react";
import { Button } from "react-aria-components";

import { Counted } from "../../../components/Counted";
import { useMessages } from "../../../messages/messages";
import type { ConversationControl } from "../hooks/useConversation";
import type { GrowingText } from "../hooks/live-conversation";
import { isTurnRunning, type Turn } from "../turns";
import type { Progress } from "./AnswerEnd";
import { TurnView, type TurnActions } from "./TurnView";

/** So many turns are shown at first, and up to a group more; earlier ones on demand. */
const TURNS_SHOWN = 100;
/** Neighbouring turns that are rendered and laid out together, or not at all. */
const TURNS_PER_GROUP = 10;

interface ThreadProps {
  conversation: ConversationControl;
  actions: TurnActions;
}

/** The turns of the shown branch, the latest ones first to be there. */
export function Thread({ conversation, actions }: ThreadProps) {
  const { conversation: texts } = useMessages();
  const { turns, serial, growingText, isAnswering } = conversation;
  const [shown, setShown] = useState({ serial, count: TURNS_SHOWN });
  const count = shown.serial === serial ? shown.count : TURNS_SHOWN;
  const hidden = groupStart(Math.max(0, turns.length - count));
  const progress = progressOf(conversation);
  return (
    <>
      {hidden > 0 && (
        <p className="earlier">
          <Counted count={hidden} unit={texts.earlier} />
          <Button
            className="btn sm"
            onPress={() => setShown({ serial, count: count + TURNS_SHOWN })}
          >
            {texts.showEarlier}
          </Button>
        </p>
      )}
      {groupsOf(turns, hidden).map((group) => (
        <TurnGroup
          key={group[0]?.key}
          turns={group}
          latest={turns.at(-1)}
          isAnswering={isAnswering}
          growingText={growingText}
          progress={progress}
          actions={actions}
        />
      ))}
    </>
  );
}

interface TurnGroupProps {
  turns: readonly Turn[];
  /** The last turn of all, in this group or not. */
  latest: Turn | undefined;
  isAnswering: boolean;
  growingText: GrowingText;
  progress: Progress;
  actions: TurnActions;
}

/** Neighbouring turns. A group in which nothing has changed is neither rendered nor laid out. */
const TurnGroup = memo(function TurnGroup(props: TurnGroupProps) {
  const { turns, latest, isAnswering, growingText, progress, actions } = props;
  return (
    <div className="turns">
      {turns.map((turn) => (
        <TurnView
          key={turn.key}
          turn={turn}
          growingText={growingText}
          progress={isTurnRunning(turn) ? progress : "live"}
          // The buttons of the others say it when they are pressed: a question renders no old turn.
          isBusy={isAnswering && turn === latest}
          actions={actions}
        />
      ))}
    </div>
  );
}, isSameGroup);

function isSameGroup(before: TurnGroupProps, after: TurnGroupProps): boolean {
  const isSame =
    before.turns.length === after.turns.length &&
    before.turns.every((turn, at) => turn === after.turns[at]) &&
    before.growingText === after.growingText &&
    before.actions === after.actions;
  // Only the group with the latest turn shows whether it is being answered, and how that goes.
  const isLatest = before.turns.at(-1) === before.latest || after.turns.at(-1) === after.latest;
  return isSame && (!isLatest || isSameEnd(before, after));
}

function isSameEnd(before: TurnGroupProps, after: TurnGroupProps): boolean {
  return (
    before.latest === after.latest &&
    before.isAnswering === after.isAnswering &&
    before.progress === after.progress
  );
}

/** The turns from `hidden` on. Groups begin at fixed places, so that no turn moves to another. */
function groupsOf(turns: readonly Turn[], hidden: number): Turn[][] {
  const groups: Turn[][] = [];
  for (let at = hidden; at < turns.length; at += TURNS_PER_GROUP) {
    groups.push(turns.slice(at, at + TURNS_PER_GROUP));
  }
  return groups;
}

function groupStart(at: number): number {
  return at - (at % TURNS_PER_GROUP);
}

function progressOf({ sendingPhase, isConnectionLost }: ConversationControl): Progress {
  if (sendingPhase === "waiting" || sendingPhase === "held") return sendingPhase;
  return isConnectionLost ? "lost" : "live";
}
