import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  type WheelEvent,
} from "react";

const UPWARD_KEYS = new Set(["ArrowUp", "PageUp", "Home"]);

/** A turn that stands at the top: while nothing else moved the page, it goes on standing there. */
interface Standing {
  turn: Element;
  scrollTop: number;
}

/**
 * Keeps the page where the reader left it. A new turn is placed at the top of the scroller once;
 * after that nothing scrolls by itself, unless the reader asks to follow (the button, or End).
 * Following is a state that any upward input ends: it is never derived from a distance.
 * `latestKey` names the turn that may grow.
 *
 * Turns out of sight have a guessed height until they are drawn. What stands at the top is put
 * back there when a guess above it turns out wrong; that moves nothing that can be seen.
 */
export function useReadingPosition(
  scroller: RefObject<HTMLElement | null>,
  placed: { key: string | null; count: number },
  latestKey: string | null,
) {
  const isFollowing = useRef(false);
  const standing = useRef<Standing | null>(null);
  const [isMoreBelow, setIsMoreBelow] = useState(false);

  const measure = useCallback((): void => {
    const view = scroller.current;
    if (isFollowing.current) scrollToEnd(view);
    else keepStanding(view, standing);
    const end = endOfText(view);
    setIsMoreBelow(view !== null && end > view.getBoundingClientRect().bottom + 1);
  }, [scroller]);

  useLayoutEffect(() => {
    isFollowing.current = false;
    standing.current = null;
    const view = scroller.current;
    if (view === null || placed.key === null) return;
    const turn = turnOf(view, placed.key);
    if (turn === null) return;
    bringToTop(view, turn);
    standing.current = { turn, scrollTop: view.scrollTop };
  }, [scroller, placed.key, placed.count]);

  useLayoutEffect(measure, [placed.count, measure]);

  // Told after layout and before paint: an answer that grows costs no layout of its own.
  useEffect(() => {
    const view = scroller.current;
    const thread = view?.firstElementChild;
    const observer = new ResizeObserver(measure);
    [view, thread, latestAnswer(view)].forEach((element) => element && observer.observe(element));
    return () => observer.disconnect();
  }, [scroller, latestKey, measure]);

  const follow = useCallback((): void => {
    isFollowing.current = true;
    measure();
  }, [measure]);

  const handlers = {
    onScroll: measure,
    onWheel: (event: WheelEvent): void => {
      if (event.deltaY < 0) isFollowing.current = false;
    },
    onTouchMove: (): void => {
      isFollowing.current = false;
    },
    onPointerDown: (event: PointerEvent): void => {
      // The scrollbar belongs to the scroller itself.
      if (event.target === event.currentTarget) isFollowing.current = false;
    },
    onKeyDown: (event: KeyboardEvent): void => {
      const isPageUp = event.key === " " && event.shiftKey;
      if (UPWARD_KEYS.has(event.key) || isPageUp) isFollowing.current = false;
      if (event.key === "End" && event.target === event.currentTarget) {
        event.preventDefault();
        follow();
      }
    },
  };
  return { isMoreBelow, follow, handlers };
}

/** The turn with this key. It is nearly always the last one, so the way is from the end. */
function turnOf(view: HTMLElement, key: string): Element | null {
  return [...view.querySelectorAll("[data-turn]")].findLast((turn) => turn.getAttribute("data-turn") === key) ?? null;
}

/** Puts a turn at the top. */
function bringToTop(view: HTMLElement, turn: Element): void {
  const inset = Number.parseFloat(getComputedStyle(view).paddingBlockStart);
  const { top } = turn.getBoundingClientRect();
  const away = top - view.getBoundingClientRect().top - inset;
  if (away !== 0) view.scrollTop += away;
}

/** Corrects a wrong guess above the turn at the top, unless anything else has moved the page. */
function keepStanding(view: HTMLElement | null, standing: RefObject<Standing | null>): void {
  const { current } = standing;
  if (view === null || current === null) return;
  const hasMoved = Math.abs(view.scrollTop - current.scrollTop) > 1;
  if (hasMoved || !current.turn.isConnected) {
    standing.current = null;
    return;
  }
  bringToTop(view, current.turn);
  current.scrollTop = view.scrollTop;
}

function latestAnswer(view: HTMLElement | null): Element | null {
  // Down from the end: a selector would look through every turn.
  const turn = view?.firstElementChild?.lastElementChild?.lastElementChild;
  return turn?.querySelector(":scope > .answer") ?? null;
}

/** Where the latest answer ends, without the space reserved beneath it. */
function endOfText(view: HTMLElement | null): number {
  const end = latestAnswer(view)?.lastElementChild;
  return end?.getBoundingClientRect().bottom ?? Number.NEGATIVE_INFINITY;
}

function scrollToEnd(view: HTMLElement | null): void {
  if (view === null) return;
  const inset = Number.parseFloat(getComputedStyle(view).paddingBlockEnd);
  const hidden = endOfText(view) - view.getBoundingClientRect().bottom + inset;
  if (hidden > 0) view.scrollTop += hidden;
}
