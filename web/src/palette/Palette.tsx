import { useEffect, useState } from "react";
import {
  Autocomplete,
  Collection,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  Modal,
  ModalOverlay,
  Text,
  TextField,
} from "react-aria-components";

import { KeyHint } from "../components/Kbd";
import type { Card } from "../features/conversations/card";
import { ConversationName } from "../features/conversations/components/ConversationName";
import { nameOrUntitled } from "../features/conversations/name";
import { isolate } from "../format/bidi";
import { formatCount } from "../format/quantity";
import { Icon } from "../icons/Icon";
import { useMessages, useSpeech } from "../messages/messages";
import { useAnnounce } from "../status/StatusRegion";
import { findCommands, type Command } from "./commands";
import { useFoundCards } from "./useFoundCards";

/** A screen reader says the count once the typing rests. */
const REST_MS = 600;

export interface PaletteProps {
  commands: readonly Command[];
  /** What stands there before anything is typed. */
  recent: readonly Card[];
  onOpenCard: (card: Card) => void;
  onClose: () => void;
}

/** Everything by name: commands, and conversations that the server finds. */
export function Palette({ commands, recent, onOpenCard, onClose }: PaletteProps) {
  const messages = useMessages();
  const { conversations, palette } = messages;
  const [query, setQuery] = useState("");
  const found = useFoundCards(query);
  const isBlank = query.trim() === "";
  const cards = isBlank ? recent : found.cards;
  const matching = findCommands(commands, query);
  const count = matching.length + cards.length;
  useCountStatus(count, found.isPending || isBlank);

  const choose = (action: () => void): void => {
    onClose();
    action();
  };

  return (
    <ModalOverlay
      className="scrim palette-scrim"
      isOpen
      isDismissable
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Modal className="modal palette">
        <Dialog aria-label={palette.open} className="palette-body">
          <Autocomplete inputValue={query} onInputChange={setQuery}>
            <TextField className="palette-field" aria-label={palette.label} autoFocus>
              <Icon name="search" />
              <Input placeholder={palette.placeholder} dir="auto" maxLength={200} />
            </TextField>
            <Menu
              aria-label={palette.open}
              className={found.isPending ? "palette-list stale" : "palette-list"}
              renderEmptyState={() => <NothingFound query={query} isPending={found.isPending} />}
            >
              {cards.length > 0 && (
                <MenuSection id="cards">
                  <Header>{isBlank ? palette.recent : palette.conversations}</Header>
                  <Collection items={cards}>
                    {(card) => (
                      <MenuItem
                        id={card.id}
                        textValue={nameOrUntitled(card.name, messages)}
                        className="option"
                        onAction={() => choose(() => onOpenCard(card))}
                      >
                        <Icon name={card.archived ? "archive" : "message"} isSmall />
                        <Text slot="label">
                          <ConversationName name={card.name} />
                          {card.archived && <small>{conversations.archived}</small>}
                        </Text>
                      </MenuItem>
                    )}
                  </Collection>
                </MenuSection>
              )}
              {matching.length > 0 && (
                <MenuSection id="commands">
                  <Header>{palette.commands}</Header>
                  <Collection items={matching}>
                    {({ id, text, icon, keys, run }) => (
                      <MenuItem
                        id={id}
                        textValue={text}
                        className="option"
                        onAction={() => choose(run)}
                      >
                        <Icon name={icon} isSmall />
                        <Text slot="label">
                          {text}
                          {keys !== undefined && " "}
                          {keys !== undefined && <KeyHint>{keys}</KeyHint>}
                        </Text>
                      </MenuItem>
                    )}
                  </Collection>
                </MenuSection>
              )}
            </Menu>
          </Autocomplete>
          {found.isFailed && (
            <p className="palette-note" role="alert">
              {palette.failed}
            </p>
          )}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function NothingFound({ query, isPending }: { query: string; isPending: boolean }) {
  const { palette } = useMessages();
  return (
    <p className="palette-note">{isPending ? palette.searching : palette.noneText(isolate(query.trim()))}</p>
  );
}

/** Tells the status region how many results there are. */
function useCountStatus(count: number, isUnsettled: boolean): void {
  const { locale, messages } = useSpeech();
  const announce = useAnnounce();
  const { none, results } = messages.palette;
  useEffect(() => {
    if (isUnsettled) return undefined;
    const say = (): void => {
      announce(count === 0 ? none : results(count, formatCount(count, locale).text));
    };
    const timer = window.setTimeout(say, REST_MS);
    return () => window.clearTimeout(timer);
  }, [count, isUnsettled, announce, none, results, locale]);
}
