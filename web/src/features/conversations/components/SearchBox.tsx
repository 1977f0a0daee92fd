import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button, Input, TextField } from "react-aria-components";

import { IconButton } from "../../../components/IconButton";
import { Kbd } from "../../../components/Kbd";
import { Icon } from "../../../icons/Icon";
import { IS_APPLE, keysOfShortcut } from "../../../keyboard/shortcuts";
import { useTouchKeyboard } from "../../../keyboard/useTouchKeyboard";
import { useMessages } from "../../../messages/messages";

/** Longer than between the letters of a key that is held. Whoever types is asked for at each key. */
const DEBOUNCE_MS = 40;

/** The longest search that the server takes, in characters. */
const SEARCH_LENGTH_MAX = 200;

interface SearchBoxProps {
  search: string;
  onSearch: (search: string) => void;
  onPalette: () => void;
}

/** Filters the list by name; what is typed goes to the server after a short rest. */
export function SearchBox({ search, onSearch, onPalette }: SearchBoxProps) {
  const { conversations } = useMessages();
  const [text, setText] = useState(search);
  const sent = useRef(search);
  const field = useRef<HTMLInputElement>(null);

  // The address changed by other means: back, or a button that clears the search.
  if (search !== sent.current && search !== text.trim()) {
    sent.current = search;
    setText(search);
  }

  useEffect(() => {
    const wanted = text.trim();
    if (wanted === sent.current) return undefined;
    const timer = window.setTimeout(() => {
      sent.current = wanted;
      onSearch(wanted);
    }, DEBOUNCE_MS);
    return () => window.clearTimeout(timer);
  }, [text, onSearch]);

  const clear = (): void => {
    setText("");
    sent.current = "";
    onSearch("");
    field.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || text === "" || event.nativeEvent.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    clear();
  };

  return (
    <div className="find" role="search">
      <Icon name="search" />
      <TextField
        aria-label={conversations.searchLabel}
        type="search"
        value={text}
        onChange={setText}
        maxLength={SEARCH_LENGTH_MAX}
        autoComplete="off"
      >
        <Input ref={field} placeholder={conversations.search} dir="auto" onKeyDown={onKeyDown} />
      </TextField>
      {text === "" ? (
        <PaletteButton onPress={onPalette} />
      ) : (
        <IconButton icon="close" name={conversations.clearSearch} isSmall onPress={clear} />
      )}
    </div>
  );
}

/** Opens the palette. It shows the keys that do the same, where there is a keyboard. */
function PaletteButton({ onPress }: { onPress: () => void }) {
  const { keyboard, palette } = useMessages();
  const hasTouchKeyboard = useTouchKeyboard();
  if (hasTouchKeyboard) {
    return <IconButton icon="command" name={palette.open} isSmall onPress={onPress} />;
  }
  return (
    <Button className="keys-btn" onPress={onPress}>
      <span className="vh">{palette.open} </span>
      <Kbd>{keysOfShortcut("palette", keyboard.names, IS_APPLE)}</Kbd>
    </Button>
  );
}
