/**
 * Whether the session has ended under an open page. Requests that need one wait here until
 * somebody has signed in again; what is on the page stays.
 */
export class SessionExpiry {
  #isExpired = false;
  #isAsking = false;
  #listeners = new Set<() => void>();

  /** A request was refused because nobody is signed in: the page asks for it. */
  raise = (): void => {
    this.#set(true, true);
  };

  /** Somebody is signed in: what waits goes on. */
  settle = (): void => {
    this.#set(false, false);
  };

  /** The person wants to go on without, for now; the next refusal asks again. */
  postpone = (): void => {
    this.#set(this.#isExpired, false);
  };

  isExpired = (): boolean => this.#isExpired;

  isAsking = (): boolean => this.#isAsking;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Ends when somebody is signed in, or with the signal. */
  async signedIn(signal: AbortSignal): Promise<void> {
    if (!this.#isExpired || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      };
      const stop = this.subscribe(() => {
        if (!this.#isExpired) end();
      });
      signal.addEventListener("abort", end);
    });
  }

  #set(isExpired: boolean, isAsking: boolean): void {
    if (this.#isExpired === isExpired && this.#isAsking === isAsking) return;
    this.#isExpired = isExpired;
    this.#isAsking = isAsking;
    [...this.#listeners].forEach((listener) => listener());
  }
}

/** That of this page. */
export const sessionExpiry = new SessionExpiry();
