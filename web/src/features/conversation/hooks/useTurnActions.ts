import { useEffect, useMemo, useRef } from "react";

import { useToast } from "../../../components/Toast";
import { useMessages } from "../../../messages/messages";
import type { TurnActions } from "../components/TurnView";
import type { Question } from "../entry";
import type { ConversationControl } from "./useConversation";

/** Where a turn leads out of itself. */
interface TurnWays {
  giveBack: (question: Question) => void;
  startAnew: () => void;
}

/**
 * What can be done with a turn, always the same object. While an answer is being written the
 * others stay as they are: then each action says so and does nothing. `giveBack` gets a changed
 * question that the server did not take.
 */
export function useTurnActions(
  conversation: ConversationControl,
  chosenModel: string | null,
  { giveBack, startAnew }: TurnWays,
): TurnActions {
  const { conversation: texts } = useMessages();
  const toast = useToast();
  const now = useRef({ conversation, chosenModel, giveBack, startAnew, texts, toast });
  useEffect(() => {
    now.current = { conversation, chosenModel, giveBack, startAnew, texts, toast };
  });
  return useMemo((): TurnActions => {
    const unlessAnswering = (action: (control: ConversationControl) => void): boolean => {
      const { conversation: control } = now.current;
      if (control.isAnswering) now.current.toast({ text: now.current.texts.busyHere });
      else action(control);
      return !control.isAnswering;
    };
    const modelOr = (model: string): string => now.current.chosenModel ?? model;
    return {
      answerAgain: (turn) =>
        void unlessAnswering((control) =>
          control.answerAgain(turn, modelOr(turn.answer?.last.model ?? "")),
        ),
      startAnew: () => now.current.startAnew(),
      continueAnswer: (turn) => void unlessAnswering((control) => control.continueAnswer(turn)),
      editQuestion: (turn, text) =>
        unlessAnswering((control) => {
          const { attachments } = turn.question;
          const sent = control.editQuestion(turn, text, modelOr(turn.answer?.last.model ?? ""));
          void sent.then((outcome) => {
            if (outcome === "withdrawn") now.current.giveBack({ text, attachments });
          });
        }),
      showBranch: (entryId) => void unlessAnswering((control) => control.showBranch(entryId)),
    };
  }, []);
}
