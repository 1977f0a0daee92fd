import { useRef, useState, type KeyboardEvent } from "react";
import { Button, TextArea, TextField } from "react-aria-components";

import { IconButton } from "../../../components/IconButton";
import { directionOf, languageOfText } from "../../../markdown/direction";
import { useSpeech } from "../../../messages/messages";
import { useTouchKeyboard } from "../../../keyboard/useTouchKeyboard";
import { isComposing, isSendKey } from "../composing";
import type { Turn } from "../turns";
import { BranchSwitch } from "./BranchSwitch";
import { FileChips } from "./FileChips";

interface QuestionViewProps {
  turn: Turn;
  isBusy: boolean;
  /** Returns whether the new version is on its way. */
  onEdit: (turn: Turn, text: string) => boolean;
  onShowBranch: (entryId: string) => void;
}

/** A question as it was asked, with its files, its versions, and a way to ask it otherwise. */
export function QuestionView({ turn, isBusy, onEdit, onShowBranch }: QuestionViewProps) {
  const { language, direction, messages } = useSpeech();
  const { conversation, branch } = messages;
  const [isEditing, setIsEditing] = useState(false);
  const { text, attachments } = turn.question;
  if (isEditing) {
    return (
      <QuestionEditor
        text={text}
        isBusy={isBusy}
        onCancel={() => setIsEditing(false)}
        onSend={(edited) => {
          if (onEdit(turn, edited)) setIsEditing(false);
        }}
      />
    );
  }
  return (
    <div className="question">
      <div className="user" dir={directionOf(text, direction)} lang={languageOfText(text, language)}>
        <h2 className="vh">{conversation.questionHeading}</h2>
        {text !== "" && <p>{text}</p>}
        <FileChips files={attachments} />
      </div>
      <div className="acts">
        <BranchSwitch
          branches={turn.branches}
          name={branch.ofQuestion}
          isBusy={isBusy}
          onShow={onShowBranch}
        />
        <IconButton
          icon="pencil"
          name={conversation.edit}
          isSmall
          isDisabled={isBusy}
          onPress={() => setIsEditing(true)}
        />
      </div>
    </div>
  );
}

interface QuestionEditorProps {
  text: string;
  /** It cannot be sent yet; what is typed stays. */
  isBusy: boolean;
  onSend: (text: string) => void;
  onCancel: () => void;
}

function QuestionEditor({ text, isBusy, onSend, onCancel }: QuestionEditorProps) {
  const { conversation, parts } = useSpeech().messages;
  const hasTouchKeyboard = useTouchKeyboard();
  const [edited, setEdited] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  const send = (): void => {
    if (edited.trim() !== "") onSend(edited.trim());
    else field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (isSendKey(event, hasTouchKeyboard)) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && !isComposing(event)) {
      event.preventDefault();
      onCancel();
    }
  };
  return (
    <div className="question editing">
      <h2 className="vh">{conversation.questionHeading}</h2>
      <TextField aria-label={conversation.editLabel} value={edited} onChange={setEdited} autoFocus>
        <TextArea ref={field} className="field" dir="auto" rows={2} onKeyDown={onKeyDown} />
      </TextField>
      {isBusy && <p className="ended">{conversation.busyHere}</p>}
      <div className="acts">
        <Button className="btn sm pri" isDisabled={isBusy} onPress={send}>
          {conversation.editSend}
        </Button>
        <Button className="btn sm quiet" onPress={onCancel}>
          {parts.cancel}
        </Button>
      </div>
    </div>
  );
}
