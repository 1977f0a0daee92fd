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

/**
 * Keeps the page where the reader left it. A new turn is placed at the top of the scroller once;
 * after that nothing scrolls by itself, unless the reader asks to follow (the button, or End).
 * Following is a state that any upward input ends: it is never derived from a distance. `latest`
 * is the turn that grows; it changes whenever anything in it does.
 */
export function useReadingPosition(
  scroller: RefObject<HTMLElement | null>,
  latestTurnId: number | null,
  latest: unknown,
) {
  const isFollowing = useRef(false);
  const [isMoreBelow, setIsMoreBelow] = useState(false);

  const measure = useCallback((): void => {
    const view = scroller.current;
    const end = endOfText(view);
    setIsMoreBelow(view !== null && end > view.getBoundingClientRect().bottom + 1);
  }, [scroller]);

  useLayoutEffect(() => {
    isFollowing.current = false;
    const view = scroller.current;
    const turn = view?.querySelector(`[data-turn="${latestTurnId}"]`);
    if (view == null || turn == null) return;
    const inset = Number.parseFloat(getComputedStyle(view).paddingBlockStart);
    const { top } = turn.getBoundingClientRect();
    view.scrollTop += top - view.getBoundingClientRect().top - inset;
  }, [scroller, latestTurnId]);

  useLayoutEffect(() => {
    if (isFollowing.current) scrollToEnd(scroller.current);
    measure();
  }, [scroller, latest, latestTurnId, measure]);

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
      if (UPWARD_KEYS.has(event.key)) isFollowing.current = false;
      if (event.key === "End" && event.target === event.currentTarget) {
        event.preventDefault();
        follow();
      }
    },
  };
  return { isMoreBelow, follow, handlers };
}

/** Where the latest answer ends, without the space reserved beneath it. */
function endOfText(view: HTMLElement | null): number {
  const answer = view?.querySelector(".turn:last-child .answer > :last-child");
  return answer?.getBoundingClientRect().bottom ?? Number.NEGATIVE_INFINITY;
}

function scrollToEnd(view: HTMLElement | null): void {
  if (view === null) return;
  const inset = Number.parseFloat(getComputedStyle(view).paddingBlockEnd);
  const hidden = endOfText(view) - view.getBoundingClientRect().bottom + inset;
  if (hidden > 0) view.scrollTop += hidden;
}
