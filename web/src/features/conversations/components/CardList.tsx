import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { isolate } from "../../../format/bidi";
import { useSpeech } from "../../../messages/messages";
import type { Card } from "../card";
import { cardActions } from "../card-actions";
import { Calendar, monthName, rowsOf, type Group } from "../grouping";
import type { CardCommands } from "../hooks/useCardCommands";
import type { ConversationList } from "../hooks/useConversationList";
import { useGridKeys } from "../hooks/useGridKeys";
import { useWindow } from "../hooks/useWindow";
import { CardMenu } from "./CardMenu";
import { CardRow } from "./CardRow";
import { nameOrUntitled } from "../name";

/** Rows that are still to come when the next page is asked for. */
const ROWS_AHEAD = 30;

export interface CardListProps {
  list: ConversationList;
  commands: CardCommands;
  currentId: string | null;
  onOpen: (card: Card) => void;
  onRemove: (card: Card) => void;
}

/**
 * The conversations under their headings. Only the rows in view are in the document; each says
 * its place in the whole.
 */
export function CardList({ list, commands, currentId, onOpen, onRemove }: CardListProps) {
  const { messages, direction } = useSpeech();
  const { conversations } = messages;
  const { cards, hasMore, isOutdated, failureOfMore, loadMore } = list;
  const [menu, setMenu] = useState<{ id: string; button: HTMLElement } | null>(null);
  const [renamingId, setRenamingId] = useState<string | null>(null);
  // The calendar is read again with each new list, so that "today" follows midnight.
  const rows = useMemo(() => rowsOf(cards, new Calendar(new Date())), [cards]);
  const groupName = useGroupName();

  const view = useWindow(rows.length);
  const { first, end, rowHeight } = view;
  const onMenu = useCallback((card: Card, button: HTMLElement): void => {
    setMenu({ id: card.id, button });
  }, []);
  const onRename = useCallback((card: Card): void => setRenamingId(card.id), []);
  const isRightToLeft = direction === "rtl";
  const keys = useGridKeys({ rows, view, currentId, isRightToLeft, onRename, onRemove, onMenu });
  const { activeIndex, activeId, focusRow, indexOf } = keys;

  const latest = useRef({ focusRow, indexOf, rename: commands.rename });
  useEffect(() => {
    latest.current = { focusRow, indexOf, rename: commands.rename };
  });
  const onRenamed = useCallback((card: Card, name: string | null): void => {
    setRenamingId(null);
    if (name !== null) latest.current.rename(card, name);
    // Where Enter or Escape ended it, the focus is still here.
    if (document.activeElement?.closest(".name-field") != null) {
      latest.current.focusRow(latest.current.indexOf(card.id));
    }
  }, []);

  const isNearEnd = end + ROWS_AHEAD >= rows.length;
  useEffect(() => {
    if (hasMore && isNearEnd && failureOfMore === null && !isOutdated) loadMore();
  }, [hasMore, isNearEnd, failureOfMore, isOutdated, loadMore, cards]);

  const shown = indicesOf(first, end, activeIndex);
  const menuCard = menu === null ? null : (cards.find(({ id }) => id === menu.id) ?? null);

  return (
    <div className="convs" ref={view.scroller} onScroll={view.onScroll}>
      <div className="probe" ref={view.probe} aria-hidden="true" />
      <div
        role="grid"
        className="rows"
        aria-label={conversations.label}
        aria-rowcount={hasMore ? -1 : rows.length}
        aria-busy={isOutdated}
        style={{ blockSize: rows.length * rowHeight }}
        {...keys.handlers}
      >
        {shown.map((index) => {
          const row = rows[index];
          if (row === undefined) return null;
          const offset = index * rowHeight;
          return row.kind === "heading" ? (
            <div
              key={`heading-${row.group}`}
              role="row"
              aria-rowindex={index + 1}
              className="conv-row sec"
              style={{ insetBlockStart: offset }}
            >
              <span role="gridcell">{groupName(row.group)}</span>
            </div>
          ) : (
            <CardRow
              key={row.card.id}
              card={row.card}
              index={index}
              offset={offset}
              isCurrent={row.card.id === currentId}
              isActive={row.card.id === activeId}
              isRenaming={row.card.id === renamingId}
              isMenuOpen={row.card.id === menu?.id}
              onOpen={onOpen}
              onMenu={onMenu}
              onRenamed={onRenamed}
            />
          );
        })}
      </div>
      {menu !== null && menuCard !== null && (
        <CardMenu
          name={conversations.actionsOf(isolate(nameOrUntitled(menuCard.name, messages)))}
          button={menu.button}
          actions={cardActions(menuCard, commands, { onRename, onRemove }, messages)}
          onClose={() => setMenu(null)}
        />
      )}
    </div>
  );
}

/** The rows to render, and the one that holds the focus wherever it is. */
function indicesOf(first: number, end: number, active: number): number[] {
  const indices = Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at);
  if (active >= 0 && active < first) return [active, ...indices];
  return active >= end ? [...indices, active] : indices;
}

function useGroupName(): (group: Group) => string {
  const { locale, messages } = useSpeech();
  return (group) => {
    const { conversations } = messages;
    switch (group) {
      case "pinned":
      case "today":
      case "yesterday":
      case "week":
        return conversations[group];
      default:
        return monthName(group, new Date(), locale);
    }
  };
}
