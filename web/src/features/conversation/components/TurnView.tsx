import { Suspense, memo, useState, type ComponentType } from "react";

import { CopyButton } from "../../../components/CopyButton";
import { IconButton } from "../../../components/IconButton";
import { retryable } from "../../../components/retryable";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
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
  /** How a running answer gets here; the same for all others. */
  progress: Progress;
  /** An answer of the conversation is being written: until it ends nothing else can be asked. */
  isBusy: boolean;
  /** Always the same object, so that no turn is rendered for its sake. */
  actions: TurnActions;
}

/** One question and its answer. */
export const TurnView = memo(function TurnView({ turn, progress, isBusy, actions }: TurnViewProps) {
  const { answer } = turn;
  const [AnswerText] = useState<ComponentType<TextProps>>(takeAnswerText);
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
            <Suspense fallback={<PlainText text={answer.text} />}>
              <AnswerText text={answer.text} isGrowing={isTurnRunning(turn)} />
            </Suspense>
          </>
        )}
        <AnswerEnd turn={turn} progress={progress} isBusy={isBusy} actions={actions} />
      </article>
    </section>
  );
});

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
