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
  key: string;
  scrollTop: number;
}

/**
 * Keeps the page where the reader left it. A new turn is placed at the top of the scroller once;
 * after that nothing scrolls by itself, unless the reader asks to follow (the button, or End).
 * Following is a state that any upward input ends: it is never derived from a distance. `latest`
 * is the turn that grows; it changes whenever anything in it does.
 *
 * Turns out of sight have a guessed height until they are drawn. What stands at the top is put
 * back there when a guess above it turns out wrong; that moves nothing that can be seen.
 */
export function useReadingPosition(
  scroller: RefObject<HTMLElement | null>,
  placed: { key: string | null; count: number },
  latest: unknown,
) {
  const isFollowing = useRef(false);
  const standing = useRef<Standing | null>(null);
  const [isMoreBelow, setIsMoreBelow] = useState(false);

  const measure = useCallback((): void => {
    const view = scroller.current;
    if (!isFollowing.current) keepStanding(view, standing);
    const end = endOfText(view);
    setIsMoreBelow(view !== null && end > view.getBoundingClientRect().bottom + 1);
  }, [scroller]);

  useLayoutEffect(() => {
    isFollowing.current = false;
    standing.current = null;
    const view = scroller.current;
    if (view === null || placed.key === null) return;
    if (bringToTop(view, placed.key)) {
      standing.current = { key: placed.key, scrollTop: view.scrollTop };
    }
  }, [scroller, placed.key, placed.count]);

  useLayoutEffect(() => {
    if (isFollowing.current) scrollToEnd(scroller.current);
    measure();
  }, [scroller, latest, placed.count, measure]);

  useEffect(() => {
    const view = scroller.current;
    if (view === null) return undefined;
    const observer = new ResizeObserver(measure);
    observer.observe(view);
    const thread = view.firstElementChild;
    if (thread !== null) observer.observe(thread);
    return () => observer.disconnect();
  }, [scroller, measure]);

  const follow = useCallback((): void => {
    isFollowing.current = true;
    scrollToEnd(scroller.current);
    measure();
  }, [scroller, measure]);

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

/** Puts a turn at the top; whether there is such a turn. */
function bringToTop(view: HTMLElement, key: string): boolean {
  const turn = view.querySelector(`[data-turn="${CSS.escape(key)}"]`);
  if (turn === null) return false;
  const inset = Number.parseFloat(getComputedStyle(view).paddingBlockStart);
  const { top } = turn.getBoundingClientRect();
  view.scrollTop += top - view.getBoundingClientRect().top - inset;
  return true;
}

/** Corrects a wrong guess above the turn at the top, unless anything else has moved the page. */
function keepStanding(view: HTMLElement | null, standing: RefObject<Standing | null>): void {
  const { current } = standing;
  if (view === null || current === null) return;
  const hasMoved = Math.abs(view.scrollTop - current.scrollTop) > 1;
  if (hasMoved || !bringToTop(view, current.key)) standing.current = null;
  else current.scrollTop = view.scrollTop;
}

/** Where the latest answer ends, without the space reserved beneath it. */
function endOfText(view: HTMLElement | null): number {
  // Down from the last turn: a selector would look through every turn, in every frame.
  const turn = view?.firstElementChild?.lastElementChild;
  const end = turn?.querySelector(":scope > .answer")?.lastElementChild;
  return end?.getBoundingClientRect().bottom ?? Number.NEGATIVE_INFINITY;
}

function scrollToEnd(view: HTMLElement | null): void {
  if (view === null) return;
  const inset = Number.parseFloat(getComputedStyle(view).paddingBlockEnd);
  const hidden = endOfText(view) - view.getBoundingClientRect().bottom + inset;
  if (hidden > 0) view.scrollTop += hidden;
}
