import { Suspense, memo, useState, useSyncExternalStore, type ComponentType } from "react";

import { CopyButton } from "../../../components/CopyButton";
import { IconButton } from "../../../components/IconButton";
import { retryable } from "../../../components/retryable";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import type { GrowingText } from "../hooks/live-conversation";
import { isTurnRunning, type Answer, type Turn } from "../turns";
import { AnswerEnd, type Progress } from "./AnswerEnd";
import { BranchSwitch } from "./BranchSwitch";
import { QuestionView } from "./QuestionView";

interface TextProps {
  text: string;
  isGrowing?: boolean;
}

const loadAnswerText = (): Promise<ComponentType<TextProps>> =>
  import("./AnswerText").then(({ AnswerText }) => AnswerText);

// The Markdown parser and sanitiser are a chunk of their own, asked for by the first answer. Where
// that fails the next answer asks again.
const takeAnswerText = retryable<TextProps>(loadAnswerText, PlainText);

export interface TurnActions {
  answerAgain: (turn: Turn) => void;
  continueAnswer: (turn: Turn) => void;
  /** Begins another conversation, where this one can go no further. */
  startAnew: () => void;
  editQuestion: (turn: Turn, text: string) => boolean;
  showBranch: (entryId: string) => void;
}

interface TurnViewProps {
  turn: Turn;
  /** Tells the text of a running answer. */
  growingText: GrowingText;
  /** How a running answer gets here; the same for all others. */
  progress: Progress;
  /** An answer of the conversation is being written: until it ends nothing else can be asked. */
  isBusy: boolean;
  /** Always the same object, so that no turn is rendered for its sake. */
  actions: TurnActions;
}

/** One question and its answer. */
export const TurnView = memo(function TurnView(props: TurnViewProps) {
  const { turn, growingText, progress, isBusy, actions } = props;
  const { answer } = turn;
  return (
    <section className="turn" data-turn={turn.key}>
      <QuestionView
        turn={turn}
        isBusy={isBusy}
        onEdit={actions.editQuestion}
        onShowBranch={actions.showBranch}
      />
      <article className="answer">
        {answer !== null && (
          <>
            <AnswerHead turn={turn} answer={answer} isBusy={isBusy} actions={actions} />
            <AnswerBody answer={answer} growingText={growingText} isGrowing={isTurnRunning(turn)} />
          </>
        )}
        <AnswerEnd turn={turn} progress={progress} isBusy={isBusy} actions={actions} />
      </article>
    </section>
  );
});

interface AnswerBodyProps {
  answer: Answer;
  growingText: GrowingText;
  isGrowing: boolean;
}

/** The text of an answer. While it grows this alone is rendered again. */
function AnswerBody({ answer, growingText, isGrowing }: AnswerBodyProps) {
  const [AnswerText] = useState<ComponentType<TextProps>>(takeAnswerText);
  const { last, text: known } = answer;
  const grown = useSyncExternalStore(isGrowing ? growingText.subscribe : standsStill, () =>
    isGrowing ? growingText.of(last.id) : last.text,
  );
  const text = known.slice(0, known.length - last.text.length) + grown;
  return (
    <Suspense fallback={<PlainText text={text} />}>
      <AnswerText text={text} isGrowing={isGrowing} />
    </Suspense>
  );
}

/** Subscribes to nothing: an answer that has ended does not change. */
function standsStill(): () => void {
  return () => undefined;
}

interface AnswerHeadProps {
  turn: Turn;
  answer: Answer;
  isBusy: boolean;
  actions: TurnActions;
}

/** Who answers, and what can be done with the answer once it stands. */
function AnswerHead({ turn, answer, isBusy, actions }: AnswerHeadProps) {
  const { conversation, branch } = useMessages();
  const { model } = answer.last;
  return (
    <div className="who">
      <span className="dot" aria-hidden="true">
        <Icon name="model" isSmall />
      </span>
      <h3>
        <span className="vh">{conversation.answerHeading(model)}</span>
        <bdi className="ellipsis" aria-hidden="true">
          {model}
        </bdi>
      </h3>
      <span className="acts">
        <BranchSwitch
          branches={answer.branches}
          name={branch.ofAnswer}
          isBusy={isBusy}
          onShow={actions.showBranch}
        />
        {answer.text !== "" && !isTurnRunning(turn) && (
          <>
            <CopyButton text={answer.text} name={conversation.copy} />
            <IconButton
              icon="retry"
              name={conversation.again}
              isSmall
              isDisabled={isBusy}
              onPress={() => actions.answerAgain(turn)}
            />
          </>
        )}
      </span>
    </div>
  );
}

/** Until the chunk is here, or where it cannot be loaded, the text shows as it came. */
function PlainText({ text }: TextProps) {
  return <p className="plain">{text}</p>;
}
