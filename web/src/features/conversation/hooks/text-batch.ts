import { afterKeystroke, isTyping } from "./typing";

/** A hidden tab draws no frames; its text still arrives, at this pace. */
const HIDDEN_INTERVAL_MS = 250;
/**
 * After text was drawn, the page rests for so many times as long as that took: on a slow machine
 * most of the time is then left for what the reader types, and longer texts arrive at once.
 */
const REST_FACTOR = 2;

/**
 * Collects pieces of text and hands them over together, at most once a frame. While somebody types
 * that is right after a keystroke has been drawn: the next one then finds the page at rest.
 */
export class TextBatch {
  readonly #deliver: (text: string) => void;
  #text = "";
  #cancel: (() => void) | null = null;
  #restsUntil = 0;

  constructor(deliver: (text: string) => void) {
    this.#deliver = deliver;
  }

  add(piece: string): void {
    this.#text += piece;
    this.#cancel ??= schedule(() => this.#draw(), this.#restsUntil - performance.now());
  }

  /** Hands over what is there now. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#deliver(text);
  }

  #draw(): void {
    const begun = performance.now();
    this.flush();
    // The next task comes after the frame: what it measured includes layout and paint.
    window.setTimeout(() => {
      const now = performance.now();
      this.#restsUntil = now + REST_FACTOR * (now - begun);
    });
  }
}

/** Runs `action` when there is room for it after a rest; gives a way to cancel it. */
function schedule(action: () => void, restMs: number): () => void {
  const isHidden = document.visibilityState === "hidden";
  if (!isHidden && restMs <= 0) {
    if (isTyping()) return afterKeystroke(action);
    const frame = window.requestAnimationFrame(action);
    return () => window.cancelAnimationFrame(frame);
  }
  let cancelNext: (() => void) | null = null;
  const timer = window.setTimeout(
    () => {
      if (isHidden) action();
      else cancelNext = schedule(action, 0);
    },
    isHidden ? HIDDEN_INTERVAL_MS : restMs,
  );
  return () => {
    window.clearTimeout(timer);
    cancelNext?.();
  };
}
