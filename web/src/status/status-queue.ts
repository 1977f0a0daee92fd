/** A screen reader needs this long between two announcements to say both. */
export const ANNOUNCEMENT_GAP_MS = 400;

/** Shows announcements one after the other, each for as long as the gap at least. */
export class StatusQueue {
  readonly #show: (text: string) => void;
  #waiting: string[] = [];
  #timer: number | null = null;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  announce(text: string): void {
    this.#waiting.push(text);
    this.#timer ??= window.setTimeout(() => this.#next(), 0);
  }

  #next(): void {
    const text = this.#waiting.shift();
    if (text === undefined) {
      this.#timer = null;
      return;
    }
    this.#show(text);
    this.#timer = window.setTimeout(() => this.#next(), ANNOUNCEMENT_GAP_MS);
  }
}
