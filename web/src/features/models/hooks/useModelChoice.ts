import { useCallback, useMemo, useState } from "react";

import type { Model } from "../../../api/types";
import type { Failure } from "../../../errors/failure";
import { chosenModel, isSmallModel } from "../choice";
import { useModels } from "./useModels";

export interface ModelChoice {
  /** Ids of the installed models; `null` until they are known. */
  models: readonly string[] | null;
  /** The model that answers next; `null` when there is none. */
  chosen: string | null;
  /** Whether that one is known to be small. */
  isSmall: boolean;
  /** The person chooses: for this conversation, and for new ones. */
  choose: (model: string) => void;
  /** A draft of this conversation was written for this model. */
  restore: (model: string) => void;
  failure: Failure | null;
  retry: () => void;
}

/** Where a choice is made: a conversation, or one that has no id yet. */
interface ChosenFor {
  id: string | null;
  serial: number;
  model: string | null;
}

/** Models that only make vectors of texts are never asked. */
function answers(card: Model): boolean {
  return card.embedding_dimensions === undefined || card.embedding_dimensions === null;
}

/** The model of the next question. A choice holds for one conversation, as long as the page does. */
export function useModelChoice({ id, serial, model }: ChosenFor): ModelChoice {
  const { models: cards, failure, retry } = useModels();
  const [wishes, setWishes] = useState<ReadonlyMap<string, string>>(new Map());
  const [lastChosen, setLastChosen] = useState<string | null>(null);
  const key = id ?? `new ${serial}`;
  const models = useMemo(() => cards?.filter(answers).map((card) => card.id) ?? null, [cards]);
  const reasons = { wish: wishes.get(key) ?? null, ofConversation: model, lastChosen };
  const chosen = chosenModel(models ?? [], reasons);

  const restore = useCallback(
    (wanted: string): void => setWishes((before) => new Map(before).set(key, wanted)),
    [key],
  );
  const choose = useCallback(
    (wanted: string): void => {
      restore(wanted);
      setLastChosen(wanted);
    },
    [restore],
  );
  const isSmall = isSmallModel(cards?.find((card) => card.id === chosen));
  return useMemo(
    () => ({ models, chosen, isSmall, choose, restore, failure, retry }),
    [models, chosen, isSmall, choose, restore, failure, retry],
  );
}
