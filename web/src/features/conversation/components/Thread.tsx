import { useState } from "react";
import { Button } from "react-aria-components";

import { Counted } from "../../../components/Counted";
import { useMessages } from "../../../messages/messages";
import type { ConversationControl } from "../hooks/useConversation";
import { isTurnRunning } from "../turns";
import type { Progress } from "./AnswerEnd";
import { TurnView, type TurnActions } from "./TurnView";

/** So many turns are shown at first; earlier ones on demand. */
const TURNS_SHOWN = 100;

interface ThreadProps {
  conversation: ConversationControl;
  actions: TurnActions;
}

/** The turns of the shown branch, the latest ones first to be there. */
export function Thread({ conversation, actions }: ThreadProps) {
  const { conversation: texts } = useMessages();
  const { turns, serial, isAnswering } = conversation;
  const [shown, setShown] = useState({ serial, count: TURNS_SHOWN });
  const count = shown.serial === serial ? shown.count : TURNS_SHOWN;
  const hidden = Math.max(0, turns.length - count);
  const progress = progressOf(conversation);
  const latest = turns.at(-1);
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
      {turns.slice(hidden).map((turn) => (
        <TurnView
          key={turn.key}
          turn={turn}
          progress={isTurnRunning(turn) ? progress : "live"}
          // The buttons of the others say it when they are pressed: a question renders no old turn.
          isBusy={isAnswering && turn === latest}
          actions={actions}
        />
      ))}
    </>
  );
}

function progressOf({ sendingPhase, isConnectionLost }: ConversationControl): Progress {
  if (sendingPhase === "waiting" || sendingPhase === "held") return sendingPhase;
  return isConnectionLost ? "lost" : "live";
}
