const FIRST_MS = 500;
const LONGEST_MS = 8000;

/** How long to wait before the attempt after `attempts` failed ones: 0.5 s, doubling, up to 8 s. */
export function delayAfter(attempts: number): number {
  return Math.min(FIRST_MS * 2 ** Math.max(0, attempts - 1), LONGEST_MS);
}

/** Waits that end early when the way to the server may be free again. */
export class Backoff {
  #attempts = 0;
  #wake: (() => void) | null = null;

  /** The next failure counts as the first one. */
  reset(): void {
    this.#attempts = 0;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** Ends the wait that is under way, if one is. */
  wake(): void {
    this.#wake?.();
  }

  /** Waits after another failed attempt; an abort ends the wait too. */
  async wait(signal: AbortSignal): Promise<void> {
    this.#attempts += 1;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        globalThis.clearTimeout(timer);
        signal.removeEventListener("abort", end);
        this.#wake = null;
        resolve();
      };
      const timer = globalThis.setTimeout(end, delayAfter(this.#attempts));
      signal.addEventListener("abort", end);
      this.#wake = end;
    });
  }
}
