import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button, Input, TextField } from "react-aria-components";

import { IconButton } from "../../../components/IconButton";
import { Kbd } from "../../../components/Kbd";
import { Icon } from "../../../icons/Icon";
import { IS_APPLE, keysOfShortcut } from "../../../keyboard/shortcuts";
import { useMessages } from "../../../messages/messages";

/** Longer than between two keys of somebody who types fast. */
const DEBOUNCE_MS = 80;

/** The longest search that the server takes, in characters. */
const SEARCH_LENGTH_MAX = 200;

interface SearchBoxProps {
  search: string;
  onSearch: (search: string) => void;
  onPalette: () => void;
}

/** Filters the list by name; what is typed goes to the server after a short rest. */
export function SearchBox({ search, onSearch, onPalette }: SearchBoxProps) {
  const { conversations, keyboard, palette } = useMessages();
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
        <Button className="keys-btn" onPress={onPalette}>
          <span className="vh">{palette.open} </span>
          <Kbd>{keysOfShortcut("palette", keyboard.names, IS_APPLE)}</Kbd>
        </Button>
      ) : (
        <IconButton icon="close" name={conversations.clearSearch} isSmall onPress={clear} />
      )}
    </div>
  );
}
