import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from "react";

/** Rows beyond the edges that are rendered too, so that a scroll meets no gap. */
const OVERSCAN = 8;

/** As many rows as fill a tall screen, until the list has been measured. */
const ROWS_UNMEASURED = 30;

interface Extent {
  rowHeight: number;
  height: number;
  top: number;
}

export interface RowWindow {
  scroller: RefObject<HTMLDivElement | null>;
  /** An element as high as a row. */
  probe: RefObject<HTMLDivElement | null>;
  rowHeight: number;
  first: number;
  /** The first row after the window. */
  end: number;
  rowsPerPage: number;
  reveal: (row: number) => void;
  onScroll: () => void;
}

/**
 * Which rows of a list are in view. All rows are equally high; the height is measured, because it
 * follows the text size and the pointer.
 */
export function useWindow(rowCount: number): RowWindow {
  const scroller = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLDivElement>(null);
  const [extent, setExtent] = useState<Extent>({ rowHeight: 0, height: 0, top: 0 });

  const measure = useCallback((): void => {
    const rowHeight = probe.current?.getBoundingClientRect().height ?? 0;
    const { clientHeight: height = 0, scrollTop = 0 } = scroller.current ?? {};
    // Nothing is rendered again before the window has moved by a whole row.
    const top = rowHeight > 0 ? Math.floor(scrollTop / rowHeight) * rowHeight : 0;
    setExtent((before) =>
      before.rowHeight === rowHeight && before.height === height && before.top === top
        ? before
        : { rowHeight, height, top },
    );
  }, []);

  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    for (const { current } of [scroller, probe]) if (current !== null) observer.observe(current);
    return () => observer.disconnect();
  }, [measure]);

  const { rowHeight, height, top } = extent;
  const reveal = useCallback(
    (row: number): void => {
      const view = scroller.current;
      if (view === null) return;
      const start = row * rowHeight;
      if (start < view.scrollTop) view.scrollTop = start;
      else if (start + rowHeight > view.scrollTop + view.clientHeight) {
        view.scrollTop = start + rowHeight - view.clientHeight;
      }
      measure();
    },
    [rowHeight, measure],
  );

  const rowsPerPage = rowHeight > 0 ? Math.ceil(height / rowHeight) : ROWS_UNMEASURED;
  const firstInView = rowHeight > 0 ? Math.round(top / rowHeight) : 0;
  return {
    scroller,
    probe,
    rowHeight,
    first: Math.max(0, Math.min(firstInView, rowCount - 1) - OVERSCAN),
    end: Math.min(rowCount, firstInView + rowsPerPage + 1 + OVERSCAN),
    rowsPerPage,
    reveal,
    onScroll: measure,
  };
}
