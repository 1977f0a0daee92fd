import { memo, type MouseEvent } from "react";

import { pathOf } from "../../../app/route";
import { isPlainClick } from "../../../app/useRoute";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import type { Card } from "../card";
import { nameOrUntitled } from "../name";
import { ConversationName } from "./ConversationName";
import { NameField } from "./NameField";

export interface CardRowHandlers {
  onOpen: (card: Card) => void;
  onMenu: (card: Card, button: HTMLElement) => void;
  onRenamed: (card: Card, name: string | null) => void;
}

interface CardRowProps extends CardRowHandlers {
  card: Card;
  /** Its place in the list, from 0. */
  index: number;
  offset: number;
  isCurrent: boolean;
  /** Whether Tab reaches it: one row of the list at a time. */
  isActive: boolean;
  isRenaming: boolean;
  isMenuOpen: boolean;
}

/** A conversation in the list: a link to it, and the button of its menu. */
export const CardRow = memo(function CardRow(props: CardRowProps) {
  const { card, index, offset, isCurrent, isActive, isRenaming, isMenuOpen } = props;
  const { onOpen, onMenu, onRenamed } = props;
  const messages = useMessages();
  const { conversations } = messages;
  const name = isolate(nameOrUntitled(card.name, messages));
  const tabIndex = isActive ? 0 : -1;

  const open = (event: MouseEvent): void => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    onOpen(card);
  };

  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      className={isCurrent ? "conv-row current" : "conv-row"}
      data-card={card.id}
      style={{ insetBlockStart: offset }}
    >
      {isRenaming ? (
        <div role="gridcell">
          <NameField name={card.name ?? ""} onEnd={(renamed) => onRenamed(card, renamed)} />
        </div>
      ) : (
        <>
          <div role="gridcell">
            <a
              href={pathOf({ page: "conversation", id: card.id })}
              aria-current={isCurrent ? "page" : undefined}
              tabIndex={tabIndex}
              title={name}
              onClick={open}
            >
              {card.pinned && <Icon name="pin" isSmall />}
              <ConversationName name={card.name} />
              {card.running && (
                <span className="running">
                  <span className="pulse" aria-hidden="true" />
                  <span className="vh">{conversations.running}</span>
                </span>
              )}
            </a>
          </div>
          <div role="gridcell">
            <button
              type="button"
              className="icon-btn sm"
              tabIndex={tabIndex}
              aria-label={conversations.actionsOf(name)}
              title={conversations.actionsOf(name)}
              aria-haspopup="menu"
              aria-expanded={isMenuOpen}
              onClick={(event) => onMenu(card, event.currentTarget)}
            >
              <Icon name="more" isSmall />
            </button>
          </div>
        </>
      )}
    </div>
  );
});
