import { memo, useCallback, useEffect, useRef, type KeyboardEvent, type RefObject } from "react";

import { IconButton } from "../../../components/IconButton";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useTouchKeyboard } from "../../../keyboard/useTouchKeyboard";
import { useMessages } from "../../../messages/messages";
import { useAnnounce } from "../../../status/StatusRegion";
import { ModelSelect } from "../../models/components/ModelSelect";
import type { ModelChoice } from "../../models/hooks/useModelChoice";
import { isSendKey } from "../composing";
import type { Question } from "../entry";
import { useComposition } from "../hooks/useComposition";
import { useFileDrop } from "../hooks/useFileDrop";
import { useLargePaste } from "../hooks/useLargePaste";
import type { Outcome } from "../hooks/live-conversation";
import { FileChips } from "./FileChips";
import { LargePasteNote, NotKeptNote, RefusedFiles } from "./RefusedFiles";

interface ComposerProps {
  conversationId: string | null;
  choice: ModelChoice;
  isAnswering: boolean;
  /** Changes when the field should take the focus. */
  focusKey: number;
  /** The last `focusKey` that was heeded: another conversation alone does not take the focus. */
  heededFocus: RefObject<number | null>;
  /** Is given the function that puts a question back into the field. */
  giveBack: RefObject<(question: Question) => void>;
  onAsk: (question: Question) => Promise<Outcome>;
  onStop: () => void;
}

/** The text is local state: a keystroke renders no turn, and no turn renders the field. */
export const Composer = memo(function Composer(props: ComposerProps) {
  const { conversationId, choice, isAnswering, focusKey, heededFocus, giveBack } = props;
  const { onAsk, onStop } = props;
  const { composer, files: texts, status } = useMessages();
  const announce = useAnnounce();
  const hasTouchKeyboard = useTouchKeyboard();
  const { text, attachments, refused, isPartlyKept, actions } = useComposition(conversationId, choice);
  const paste = useLargePaste(text.length);
  const field = useRef<HTMLTextAreaElement>(null);
  const isEmpty = text.trim() === "" && attachments.length === 0;
  const canSend = !isEmpty && choice.chosen !== null && !isAnswering;

  const addFiles = useCallback(
    (files: File[]): void => {
      void actions.addFiles(files).then((added) => {
        added.forEach(({ name }) => announce(status.attached(isolate(name))));
      });
      field.current?.focus();
    },
    [actions, announce, status],
  );
  const isOver = useFileDrop(addFiles);

  useEffect(() => {
    giveBack.current = actions.giveBack;
  }, [giveBack, actions]);

  useEffect(() => {
    if (heededFocus.current === focusKey) return;
    heededFocus.current = focusKey;
    // On a touch screen the focus would open the keyboard over the page.
    if (window.matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [focusKey, heededFocus]);

  const submit = (): void => {
    field.current?.focus();
    if (!canSend) return;
    paste.dismiss();
    actions.submit(onAsk);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isSendKey(event, hasTouchKeyboard)) return;
    event.preventDefault();
    submit();
  };

  const onGo = (): void => {
    if (!isAnswering) return submit();
    onStop();
    field.current?.focus();
  };

  return (
    <div className="dock">
      <RefusedFiles files={refused} onDismiss={actions.dismiss} />
      <LargePasteNote
        paste={paste.refused}
        onDismiss={paste.dismiss}
        onAttach={(pasted) => {
          actions.addText(texts.pasteName, pasted);
          announce(status.attached(texts.pasteName));
          paste.dismiss();
          field.current?.focus();
        }}
      />
      {isPartlyKept && <NotKeptNote />}
      <div className={isOver ? "composer over" : "composer"}>
        {isOver && <p className="drop">{texts.dropHere}</p>}
        <FileChips
          files={attachments}
          onRemove={(file) => {
            actions.remove(file);
            announce(status.detached(isolate(file.name)));
            field.current?.focus();
          }}
        />
        <textarea
          ref={field}
          className="field"
          dir="auto"
          rows={1}
          value={text}
          enterKeyHint={hasTouchKeyboard ? "enter" : "send"}
          placeholder={composer.placeholder}
          aria-label={composer.label}
          aria-describedby="composer-hint"
          onChange={({ currentTarget }) => actions.setText(currentTarget.value)}
          onKeyDown={onKeyDown}
          {...paste.handlers}
        />
        <div className="tools">
          <ComposerTools choice={choice} onFiles={addFiles} onModel={actions.setModel} />
          {/* One button for both, so that the focus stays where it is. */}
          <button
            type="button"
            className={isAnswering ? "go stop" : canSend ? "go" : "go idle"}
            aria-label={isAnswering ? composer.stop : composer.send}
            onClick={onGo}
          >
            <Icon name={isAnswering ? "stop" : "send"} isSmall={isAnswering} />
          </button>
        </div>
      </div>
      <p className="hint" id="composer-hint">
        {composer.hint}
        {!hasTouchKeyboard && <span className="keys"> {composer.keys}</span>}
      </p>
    </div>
  );
});

interface ComposerToolsProps {
  choice: ModelChoice;
  onFiles: (files: File[]) => void;
  onModel: (model: string) => void;
}

/** What a keystroke does not change. */
const ComposerTools = memo(function ComposerTools({ choice, onFiles, onModel }: ComposerToolsProps) {
  const { files: texts } = useMessages();
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label={texts.add}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file may be picked again.
          currentTarget.value = "";
        }}
      />
      <IconButton icon="attach" name={texts.add} isSmall onPress={() => picker.current?.click()} />
      <ModelSelect
        choice={choice}
        onChoose={(model) => {
          choice.choose(model);
          onModel(model);
        }}
      />
    </>
  );
});
