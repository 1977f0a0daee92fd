import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button, TextArea, TextField } from "react-aria-components";

import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { ModelSelect } from "../../models/components/ModelSelect";
import type { ModelChoice } from "../../models/hooks/useModels";

interface ComposerProps {
  choice: ModelChoice;
  isAnswering: boolean;
  /** Changes when the field should take the focus. */
  focusKey: number;
  onAsk: (question: string) => void;
  onStop: () => void;
}

/** The text is local state: a keystroke renders no turn. */
export function Composer({ choice, isAnswering, focusKey, onAsk, onStop }: ComposerProps) {
  const { composer } = useMessages();
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const question = text.trim();
  const canSend = question !== "" && choice.chosen !== null && !isAnswering;

  useEffect(() => {
    // On a touch screen the focus would open the keyboard over the page.
    if (window.matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [focusKey]);

  const submit = (): void => {
    if (!canSend) {
      field.current?.focus();
      return;
    }
    setText("");
    onAsk(question);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    submit();
  };

  const onPress = (): void => {
    if (isAnswering) {
      onStop();
      field.current?.focus();
    } else submit();
  };

  const goStyle = isAnswering ? "go stop" : canSend ? "go" : "go idle";
  return (
    <div className="dock">
      <div className="composer">
        <TextField aria-label={composer.label} value={text} onChange={setText}>
          <TextArea
            ref={field}
            className="field"
            dir="auto"
            rows={1}
            placeholder={composer.placeholder}
            aria-describedby="composer-hint"
            onKeyDown={onKeyDown}
          />
        </TextField>
        <div className="row">
          <ModelSelect choice={choice} />
          {/* One button for both, so that the focus stays where it is. */}
          <Button
            className={goStyle}
            aria-label={isAnswering ? composer.stop : composer.send}
            onPress={onPress}
          >
            <Icon name={isAnswering ? "stop" : "send"} isSmall={isAnswering} />
          </Button>
        </div>
      </div>
      <p className="hint" id="composer-hint">
        {composer.hint} <span className="keys">{composer.keys}</span>
      </p>
    </div>
  );
}

/** Enter that ends the composition of a character sends nothing. Safari says so by the code 229. */
function isComposing({ nativeEvent }: KeyboardEvent): boolean {
  return nativeEvent.isComposing || nativeEvent.keyCode === 229;
}
