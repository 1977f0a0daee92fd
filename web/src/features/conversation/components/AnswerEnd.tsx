import { useState, type ReactNode } from "react";
import { Button } from "react-aria-components";

import { ErrorNote } from "../../../components/ErrorNote";
import { StreamStatus } from "../../../components/StreamStatus";
import { needsSignIn } from "../../../errors/failure";
import { formatCount } from "../../../format/quantity";
import { Icon } from "../../../icons/Icon";
import { useMessages, useSpeech } from "../../../messages/messages";
import { useContextTokens } from "../../models/hooks/useModels";
import { sessionExpiry } from "../../session/expiry";
import type { Answer, Turn } from "../turns";
import { fillsContext } from "../usage";
import { ProvenanceLine } from "./ProvenanceLine";
import type { TurnActions } from "./TurnView";

/** How a running answer gets to this tab. */
export type Progress = "live" | "lost" | "waiting" | "held";

interface AnswerEndProps {
  turn: Turn;
  progress: Progress;
  isBusy: boolean;
  actions: TurnActions;
}

/** What stands under the text: how it goes on, or how it ended and what it cost. */
export function AnswerEnd({ turn, progress, isBusy, actions }: AnswerEndProps) {
  const { conversation } = useMessages();
  const { answer } = turn;
  const hasEndedHere = useHasEndedHere(answer);
  if (answer === null) {
    return (
      <div className="ended">
        <span>{conversation.noAnswer}</span>
        <Button className="btn sm" isDisabled={isBusy} onPress={() => actions.answerAgain(turn)}>
          {conversation.again}
        </Button>
      </div>
    );
  }
  switch (answer.phase) {
    case "waiting":
    case "writing":
      return <Running isWriting={answer.phase === "writing"} progress={progress} />;
    case "failed":
      return (
        <>
          <Failed
            turn={turn}
            answer={answer}
            isBusy={isBusy}
            isOld={!hasEndedHere}
            actions={actions}
          />
          {answer.usage !== null && <ProvenanceLine usage={answer.usage} requestIds={answer.requestIds} />}
        </>
      );
    case "stopped":
    case "length":
    case "interrupted":
    case "complete":
      return (
        <>
          <Ended turn={turn} answer={answer} isBusy={isBusy} actions={actions} />
          {answer.usage !== null && <ProvenanceLine usage={answer.usage} requestIds={answer.requestIds} />}
        </>
      );
  }
}

/** Whether the answer was seen running in this place: only then its end is news. */
function useHasEndedHere(answer: Answer | null): boolean {
  const [seenRunning, setSeenRunning] = useState<string | null>(null);
  if (answer === null) return false;
  const { key, state } = answer.last;
  if (state === "running" && seenRunning !== key) setSeenRunning(key);
  return seenRunning === key;
}

function Running({ isWriting, progress }: { isWriting: boolean; progress: Progress }) {
  const { conversation } = useMessages();
  switch (progress) {
    case "lost":
      return <StreamStatus kind="lost" text={conversation.connectionLost} />;
    case "waiting":
      return <StreamStatus kind="queued" text={conversation.sendWaiting} />;
    case "held":
      return <StreamStatus kind="queued" text={conversation.sendHeld} />;
    case "live":
      return <StreamStatus text={isWriting ? conversation.writing : conversation.waiting} />;
  }
}

interface EndProps {
  turn: Turn;
  answer: Answer;
  isBusy: boolean;
  actions: TurnActions;
}

function Failed({ turn, answer, isBusy, isOld, actions }: EndProps & { isOld: boolean }) {
  const { conversation, signIn } = useMessages();
  const failure = answer.last.failure ?? UNKNOWN;
  return (
    <ErrorNote
      failure={failure}
      isOld={isOld}
      {...(answer.text !== "" && { also: conversation.textKept })}
    >
      <div className="acts">
        {needsSignIn(failure) && (
          <Button className="btn sm" onPress={sessionExpiry.raise}>
            {signIn.submit}
          </Button>
        )}
        <Button className="btn sm" isDisabled={isBusy} onPress={() => actions.answerAgain(turn)}>
          {conversation.sendAgain}
        </Button>
      </div>
    </ErrorNote>
  );
}

const UNKNOWN = { code: "internal", message: "", hint: "", retryAfterSeconds: null };

/** One sentence for an answer that its model did not end itself, and the way to go on. */
function Ended(props: EndProps) {
  const { conversation } = useMessages();
  const { phase, text } = props.answer;
  switch (phase) {
    case "complete":
      return text === "" ? <p className="ended">{conversation.emptyAnswer}</p> : null;
    case "length":
      return <Cut {...props} />;
    default:
      return (
        <WayOn {...props}>
          {phase === "stopped" && <Stopped answer={props.answer} />}
          {phase === "interrupted" && conversation.interrupted}
        </WayOn>
      );
  }
}

/** Cut by a limit of tokens; where that is the model's own there is no way on. */
function Cut(props: EndProps) {
  const { conversation } = useMessages();
  const { last } = props.answer;
  const contextTokens = useContextTokens(last.model);
  if (!fillsContext(last.usage, contextTokens)) {
    return <WayOn {...props}>{conversation.cutByLength}</WayOn>;
  }
  return (
    <div className="ended">
      <span>{conversation.contextFull}</span>
      <Button className="btn sm" onPress={props.actions.startAnew}>
        {conversation.start}
      </Button>
    </div>
  );
}

function WayOn({ turn, isBusy, actions, children }: EndProps & { children: ReactNode }) {
  const { conversation } = useMessages();
  return (
    <div className="ended">
      <span>{children}</span>
      <Button className="btn sm" isDisabled={isBusy} onPress={() => actions.continueAnswer(turn)}>
        {conversation.continueAnswer}
      </Button>
    </div>
  );
}

/** "Stopped after 84 tokens"; what they used is told by the line beneath. */
function Stopped({ answer }: { answer: Answer }) {
  const { locale, messages } = useSpeech();
  const { conversation } = messages;
  const { usage } = answer.last;
  if (usage === null) {
    return (
      <>
        <Icon name="stop" isSmall /> <strong>{conversation.stopped}</strong>{" "}
        {conversation.stoppedEnergy}
      </>
    );
  }
  const { completion_tokens: tokens } = usage;
  return (
    <>
      <Icon name="stop" isSmall />{" "}
      <strong>{conversation.stoppedAfter(tokens, formatCount(tokens, locale).text)}</strong>
    </>
  );
}
