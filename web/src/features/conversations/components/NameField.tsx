import { useRef, useState, type KeyboardEvent } from "react";
import { Input, TextField } from "react-aria-components";

import { useMessages } from "../../../messages/messages";
import { NAME_LENGTH_MAX } from "../hooks/useCardCommands";
import { shownName } from "../name";

interface NameFieldProps {
  name: string;
  /** With the new name, or `null` when the old one stays. */
  onEnd: (name: string | null) => void;
}

/** A name being written. Enter and leaving the field keep it, Escape does not. */
export function NameField({ name, onEnd }: NameFieldProps) {
  const { conversations } = useMessages();
  const [before] = useState(() => shownName(name).text);
  const [text, setText] = useState(before);
  const isOver = useRef(false);

  const end = (renamed: string | null): void => {
    // A field that goes away while it has the focus is left once more.
    if (isOver.current) return;
    isOver.current = true;
    onEnd(renamed === before ? null : renamed);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    // The keys of a list around the field mean other things.
    event.stopPropagation();
    const { isComposing, keyCode } = event.nativeEvent;
    if (isComposing || keyCode === 229) return;
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    event.nativeEvent.stopImmediatePropagation();
    end(event.key === "Enter" ? text : null);
  };

  return (
    <TextField
      className="name-field"
      aria-label={conversations.nameField}
      value={text}
      onChange={setText}
      maxLength={NAME_LENGTH_MAX}
      autoFocus
    >
      <Input
        className="input prose"
        dir="auto"
        onKeyDown={onKeyDown}
        onFocus={(event) => event.currentTarget.select()}
        onBlur={() => end(text)}
      />
    </TextField>
  );
}
