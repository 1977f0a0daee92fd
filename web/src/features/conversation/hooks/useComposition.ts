import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { admit, readFiles, type Attachment, type PickedFile, type RefusedFile } from "../attachments";
import {
  EMPTY_DRAFT,
  NEW_DRAFT,
  fittingDraft,
  isEmptyDraft,
  joinedDrafts,
  type Draft,
} from "../draft";
import type { Question } from "../entry";
import { DRAFT_PORTS, onDraftSaved, onSignedInAgain, registerKeeper } from "./draft-saving";
import { DraftKeeper } from "./draft-keeper";
import type { Outcome } from "./live-conversation";

/** What can be done with a composition; always the same object. */
export interface CompositionActions {
  setText: (text: string) => void;
  /** The draft is now for this model. An empty one is not kept, nor is its model. */
  setModel: (model: string) => void;
  addFiles: (files: readonly PickedFile[]) => Promise<Attachment[]>;
  addText: (name: string, text: string) => void;
  remove: (file: Attachment) => void;
  dismiss: () => void;
  /** Puts a question into the field, before what is there. */
  giveBack: (question: Question) => void;
  /** Empties the field and sends what was in it; what the server does not take comes back. */
  submit: (send: (question: Question) => Promise<Outcome>) => void;
}

export interface Composition {
  text: string;
  attachments: readonly Attachment[];
  refused: readonly RefusedFile[];
  /** Files that are too much for a draft: they last as long as the page does. */
  isPartlyKept: boolean;
  actions: CompositionActions;
}

interface ModelWish {
  chosen: string | null;
  restore: (model: string) => void;
}

/**
 * What is being typed in one conversation: text and files, kept as a draft. Another conversation
 * needs another instance (a `key`); the id that a new one gets does not.
 */
export function useComposition(conversationId: string | null, model: ModelWish): Composition {
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [refused, setRefused] = useState<readonly RefusedFile[]>([]);
  const now = useRef(draft);
  const wish = useRef(model);
  useEffect(() => {
    wish.current = model;
  });

  const show = useCallback((shown: Draft): void => {
    now.current = shown;
    setDraft(shown);
    if (shown.model !== null) wish.current.restore(shown.model);
  }, []);
  const keeper = useDraftKeeper(conversationId, show);

  const change = useCallback(
    (changed: Partial<Draft>): void => {
      const next = { ...now.current, model: wish.current.chosen, ...changed };
      now.current = next;
      setDraft(next);
      keeper.change(next);
    },
    [keeper],
  );

  const add = useCallback(
    (files: readonly Attachment[], before: readonly RefusedFile[]): Attachment[] => {
      const { text, attachments: present } = now.current;
      const result = admit(text, present, files);
      setRefused([...before, ...result.refused]);
      const added = result.attachments.slice(present.length);
      if (added.length > 0) change({ attachments: result.attachments });
      return added;
    },
    [change],
  );

  const giveBack = useCallback(
    ({ text, attachments }: Question): void => {
      const { text: joined, attachments: files } = joinedDrafts(
        { text, attachments, model: null },
        now.current,
      );
      change({ text: joined, attachments: files });
    },
    [change],
  );

  const actions = useMemo(
    (): CompositionActions => ({
      setText: (text) => change({ text }),
      setModel: (chosen) => {
        if (!isEmptyDraft(now.current)) change({ model: chosen });
      },
      addFiles: async (files) => {
        const { taken, refused: unread } = await readFiles(files);
        return add(taken, unread);
      },
      addText: (name, text) => void add([{ name, text }], []),
      remove: (file) =>
        change({ attachments: now.current.attachments.filter((at) => at !== file) }),
      dismiss: () => setRefused([]),
      giveBack,
      submit: (send) => {
        const { text, attachments } = now.current;
        const release = keeper.hold();
        change({ text: "", attachments: [] });
        setRefused([]);
        void send({ text: text.trim(), attachments }).then((outcome) => {
          if (outcome === "withdrawn") giveBack({ text, attachments });
          release();
        });
      },
    }),
    [change, add, giveBack, keeper],
  );

  const isPartlyKept = useMemo(() => fittingDraft(draft) !== draft, [draft]);
  const { text, attachments } = draft;
  return { text, attachments, refused, isPartlyKept, actions };
}

/** Keeps the draft of this field, also when its new conversation gets an id. */
function useDraftKeeper(conversationId: string | null, show: (draft: Draft) => void): DraftKeeper {
  const key = conversationId ?? NEW_DRAFT;
  const [keeper] = useState(() => new DraftKeeper(key, DRAFT_PORTS, show));

  useEffect(() => {
    const unregister = registerKeeper(keeper);
    const refresh = (): void => void keeper.refresh();
    const flush = (): void => void keeper.flush();
    const leave = (): void => keeper.leave();
    const rest = (): void => keeper.rest();
    const stopListening = onDraftSaved((saved) => {
      if (saved === keeper.key) refresh();
    });
    const stopWaiting = onSignedInAgain(flush);
    window.addEventListener("pagehide", leave);
    window.addEventListener("blur", rest);
    window.addEventListener("focus", refresh);
    window.addEventListener("online", flush);
    void keeper.open();
    return () => {
      unregister();
      stopListening();
      stopWaiting();
      window.removeEventListener("pagehide", leave);
      window.removeEventListener("blur", rest);
      window.removeEventListener("focus", refresh);
      window.removeEventListener("online", flush);
      keeper.close();
    };
  }, [keeper]);

  useEffect(() => keeper.rename(key), [keeper, key]);
  return keeper;
}
