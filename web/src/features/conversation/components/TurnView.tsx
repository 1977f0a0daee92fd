import { Suspense, lazy, memo } from "react";
import { Button } from "react-aria-components";

import { CopyButton } from "../../../components/CopyButton";
import { ErrorNote } from "../../../components/ErrorNote";
import { needsSignIn } from "../../../errors/failure";
import { Icon } from "../../../icons/Icon";
import { directionOf } from "../../../markdown/direction";
import { useMessages } from "../../../messages/messages";
import { SignInForm } from "../../session/components/SignInForm";
import type { SessionControl } from "../../session/hooks/useSession";
import { isRunning, type Turn } from "../conversation";
import { ProvenanceLine } from "./ProvenanceLine";

// The Markdown parser and sanitiser are a chunk of their own, asked for at once.
const answerText = import("./AnswerText");
const AnswerText = lazy(() =>
  answerText.then(
    (module) => ({ default: module.AnswerText }),
    () => ({ default: PlainText }),
  ),
);

interface TurnViewProps {
  turn: Turn;
  session: SessionControl;
  canSend: boolean;
  onSendAgain: (turn: Turn) => void;
}

/** One question and its answer. */
export const TurnView = memo(function TurnView(props: TurnViewProps) {
  const { turn } = props;
  const { conversation } = useMessages();
  return (
    <section className="turn" data-turn={turn.id}>
      <div className="user" dir={directionOf(turn.question)}>
        <h2 className="vh">{conversation.questionHeading}</h2>
        <p>{turn.question}</p>
      </div>
      <article className="answer">
        <div className="who">
          <span className="dot" aria-hidden="true">
            <Icon name="model" isSmall />
          </span>
          <h3>
            <span className="vh">{conversation.answerHeading(turn.model)}</span>
            <bdi className="ellipsis" aria-hidden="true">
              {turn.model}
            </bdi>
          </h3>
          {turn.text !== "" && !isRunning(turn) && (
            <span className="acts">
              <CopyButton text={turn.text} name={conversation.copy} />
            </span>
          )}
        </div>
        <Suspense fallback={<PlainText text={turn.text} />}>
          <AnswerText text={turn.text} />
        </Suspense>
        <TurnEnd {...props} />
      </article>
    </section>
  );
});

/** What stands under the text: how it goes on, or how it ended and what it cost. */
function TurnEnd({ turn, session, canSend, onSendAgain }: TurnViewProps) {
  const { conversation } = useMessages();
  switch (turn.phase) {
    case "waiting":
    case "streaming":
      return (
        <StreamMark text={turn.phase === "waiting" ? conversation.waiting : conversation.writing} />
      );
    case "failed":
      return turn.failure === null ? null : (
        <>
          <ErrorNote
            failure={turn.failure}
            {...(turn.text !== "" && { also: conversation.textKept })}
          >
            {needsSignIn(turn.failure) && <SignInForm session={session} isPrimary={false} />}
            <Button className="btn" isDisabled={!canSend} onPress={() => onSendAgain(turn)}>
              {conversation.sendAgain}
            </Button>
          </ErrorNote>
          {turn.usage !== null && <ProvenanceLine usage={turn.usage} />}
        </>
      );
    case "stopped":
    case "complete":
      return (
        <>
          {turn.phase === "stopped" && (
            <p className="ended">
              <Icon name="stop" isSmall />
              <span>
                <strong>{conversation.stoppedByYou}</strong>{" "}
                {turn.usage === null && conversation.stoppedEnergy}
              </span>
            </p>
          )}
          {turn.end === "length" && <p className="ended">{conversation.cutByLength}</p>}
          {turn.end === "model_length" && <p className="ended">{conversation.cutByModel}</p>}
          {turn.phase === "complete" && turn.text === "" && (
            <p className="ended">{conversation.emptyAnswer}</p>
          )}
          {turn.usage !== null && <ProvenanceLine usage={turn.usage} />}
        </>
      );
  }
}

/** Until the chunk is here, or where it cannot be loaded, the text shows as it came. */
function PlainText({ text }: { text: string }) {
  return <p className="plain">{text}</p>;
}

function StreamMark({ text }: { text: string }) {
  return (
    <p className="stream">
      <span className="pulse" aria-hidden="true" />
      {text}
    </p>
  );
}
