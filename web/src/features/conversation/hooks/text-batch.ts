/** A hidden tab draws no frames; its text still arrives, at this pace. */
const HIDDEN_INTERVAL_MS = 250;

/** Collects pieces of text and hands them over together, at most once a frame. */
export class TextBatch {
  readonly #deliver: (text: string) => void;
  #text = "";
  #cancel: (() => void) | null = null;

  constructor(deliver: (text: string) => void) {
    this.#deliver = deliver;
  }

  add(piece: string): void {
    this.#text += piece;
    this.#cancel ??= schedule(() => this.flush());
  }

  /** Hands over what is there now. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    const text = this.#text;
    this.#text = "";
    if (text !== "") this.#deliver(text);
  }
}

function schedule(action: () => void): () => void {
  if (document.visibilityState === "hidden") {
    const timer = window.setTimeout(action, HIDDEN_INTERVAL_MS);
    return () => window.clearTimeout(timer);
  }
  const frame = window.requestAnimationFrame(action);
  return () => window.cancelAnimationFrame(frame);
}
