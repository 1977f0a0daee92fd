import {
  useCallback,
  useLayoutEffect,
  useReducer,
  useRef,
  useState,
  type FocusEvent,
  type KeyboardEvent,
} from "react";

import { IS_APPLE, shortcutOf } from "../../../keyboard/shortcuts";
import type { Card } from "../card";
import type { Row } from "../grouping";
import type { RowWindow } from "./useWindow";

const LAYER = ".popover,.scrim";

interface GridKeysOptions {
  rows: readonly Row[];
  view: Pick<RowWindow, "scroller" | "reveal" | "rowsPerPage">;
  currentId: string | null;
  isRightToLeft: boolean;
  onRename: (card: Card) => void;
  onRemove: (card: Card) => void;
  onMenu: (card: Card, button: HTMLElement) => void;
}

/**
 * Walks the list by keyboard: one row is reached by Tab, arrows go on from there. A row that
 * leaves the list while it has the focus hands it to the next one.
 */
export function useGridKeys(options: GridKeysOptions) {
  const { rows, view, currentId, isRightToLeft, onRename, onRemove, onMenu } = options;
  const { scroller, reveal, rowsPerPage } = view;
  const [wantedId, setWantedId] = useState<string | null>(null);
  const focused = useRef<{ id: string; index: number } | null>(null);
  const goal = useRef<string | null>(null);
  // Renders again where the row that shall take the focus is the active one already.
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);

  const indexOf = (id: string | null): number =>
    rows.findIndex((row) => row.kind === "card" && row.card.id === id);
  const active = [wantedId, currentId].map(indexOf).find((index) => index !== -1);
  const activeIndex = active ?? nearestCard(rows, 0, 1);
  const activeRow = rows[activeIndex];
  const activeId = activeRow?.kind === "card" ? activeRow.card.id : null;

  const focusRow = useCallback(
    (index: number): void => {
      const row = rows[index];
      if (row?.kind !== "card") return;
      // The heading above the first row comes into view with it.
      reveal(rows[index - 1]?.kind === "heading" ? index - 1 : index);
      reveal(index);
      goal.current = row.card.id;
      setWantedId(row.card.id);
      renderAgain();
    },
    [rows, reveal],
  );

  useLayoutEffect(() => {
    const lost = focused.current;
    if (lost !== null && indexOf(lost.id) === -1 && document.activeElement === document.body) {
      focused.current = null;
      const after = nearestCard(rows, Math.min(lost.index, rows.length - 1), 1);
      focusRow(after === -1 ? nearestCard(rows, lost.index, -1) : after);
    }
    const id = goal.current;
    const link = id === null ? null : scroller.current?.querySelector<HTMLElement>(linkOf(id));
    if (link == null) return;
    goal.current = null;
    link.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const row = rows[activeIndex];
    if (event.defaultPrevented || row?.kind !== "card") return;
    const button = buttonOf(event.currentTarget, row.card.id);
    const act = (): boolean => {
      switch (shortcutOf(event.nativeEvent, "inList", IS_APPLE)) {
        case "rename":
          onRename(row.card);
          return true;
        case "remove":
          onRemove(row.card);
          return true;
        case "rowMenu":
          if (button !== null) onMenu(row.card, button);
          return true;
        default:
          return false;
      }
    };
    const isHandled = act() || walk(event, button);
    if (isHandled) event.preventDefault();
  };

  const walk = (event: KeyboardEvent<HTMLElement>, button: HTMLElement | null): boolean => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    const toButton = isRightToLeft ? "ArrowLeft" : "ArrowRight";
    const toLink = isRightToLeft ? "ArrowRight" : "ArrowLeft";
    const last = rows.length - 1;
    switch (event.key) {
      case "ArrowDown":
        focusRow(nearestCard(rows, activeIndex + 1, 1));
        return true;
      case "ArrowUp":
        focusRow(nearestCard(rows, activeIndex - 1, -1));
        return true;
      case "PageDown":
        focusRow(nearestCard(rows, Math.min(last, activeIndex + rowsPerPage - 1), -1));
        return true;
      case "PageUp":
        focusRow(nearestCard(rows, Math.max(0, activeIndex - rowsPerPage + 1), 1));
        return true;
      case "Home":
        focusRow(nearestCard(rows, 0, 1));
        return true;
      case "End":
        focusRow(nearestCard(rows, last, -1));
        return true;
      case toButton:
        button?.focus();
        return true;
      case toLink:
        focusRow(activeIndex);
        return true;
      default:
        return false;
    }
  };

  const handlers = {
    onKeyDown,
    onFocus: ({ target }: FocusEvent<HTMLElement>): void => {
      const id = target.closest<HTMLElement>("[data-card]")?.dataset["card"] ?? null;
      if (id === null) return;
      focused.current = { id, index: indexOf(id) };
      setWantedId(id);
    },
    onBlur: ({ relatedTarget }: FocusEvent): void => {
      // The menu of a row is a part of it: what it does may take the row out of the list.
      const isLeaving = relatedTarget instanceof Element && relatedTarget.closest(LAYER) === null;
      if (isLeaving) focused.current = null;
    },
  };
  return { activeIndex, activeId, focusRow, indexOf, handlers };
}

/** The first row from `start` on, or back, that is a conversation; -1 where there is none. */
function nearestCard(rows: readonly Row[], start: number, step: 1 | -1): number {
  for (let index = start; index >= 0 && index < rows.length; index += step) {
    if (rows[index]?.kind === "card") return index;
  }
  return -1;
}

function linkOf(id: string): string {
  return `[data-card="${CSS.escape(id)}"] :is(a,input)`;
}

function buttonOf(list: HTMLElement, id: string): HTMLElement | null {
  return list.querySelector<HTMLElement>(`[data-card="${CSS.escape(id)}"] button`);
}
