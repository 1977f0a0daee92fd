import type { Draft, StoredDraft } from "../draft";
import {
  EMPTY_DRAFT,
  fittingDraft,
  isEmptyDraft,
  isSameDraft,
  joinedDrafts,
  newerDraft,
  takesOver,
} from "../draft";
import type { DraftBuffer } from "./draft-buffer";

/** After the last key a draft is saved. */
export const SAVE_DELAY_MS = 300;
const RETRY_DELAY_MS = 5000;

export interface DraftPorts {
  fetchDraft: (key: string, signal: AbortSignal) => Promise<StoredDraft | null>;
  saveDraft: (key: string, draft: Draft, isLeaving: boolean) => Promise<void>;
  buffer: DraftBuffer;
  /** Tells the other tabs that the draft of a conversation was saved. */
  tell: (key: string) => void;
  now: () => number;
}

/**
 * Keeps what is typed in one field on the server: after each pause, when the page goes away, and
 * in this browser while the server cannot be reached.
 */
export class DraftKeeper {
  readonly #ports: DraftPorts;
  readonly #show: (draft: Draft) => void;
  #key: string;
  #draft: Draft = EMPTY_DRAFT;
  /** What left the field as a question and has not arrived: it is kept before the draft. */
  #held: Draft | null = null;
  #knownAt = 0;
  /** Counts what is to be kept; `#saved` is the count that the server has. */
  #changes = 0;
  #saved = 0;
  #isBeingTyped = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #saving: Promise<boolean> = Promise.resolve(true);
  #closing = new AbortController();

  /** `show` puts a draft from elsewhere into the field. */
  constructor(key: string, ports: DraftPorts, show: (draft: Draft) => void) {
    this.#key = key;
    this.#ports = ports;
    this.#show = show;
  }

  get key(): string {
    return this.#key;
  }

  /** Fetches the draft; what was typed in the meantime stays. */
  async open(): Promise<void> {
    if (this.#closing.signal.aborted) this.#closing = new AbortController();
    await this.refresh();
  }

  close(): void {
    this.#closing.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isUnsaved) void this.#save(false);
  }

  /** The person changed the draft. */
  change(draft: Draft): void {
    this.#draft = draft;
    this.#changes += 1;
    this.#isBeingTyped = true;
    this.#knownAt = this.#ports.now();
    this.#schedule(SAVE_DELAY_MS);
  }

  /** The tab lost the focus: another tab may be typed in now. */
  rest(): void {
    this.#isBeingTyped = false;
  }

  /**
   * What is in the field goes to the server as a question, and is kept as a draft until the
   * returned function is called: the question has arrived, or is in the field again.
   */
  hold(): () => void {
    const held = this.#draft;
    this.#held = held;
    if (this.#isUnsaved) this.#keepHere();
    return () => {
      // A later question may have taken its place.
      if (this.#held !== held) return;
      this.#held = null;
      this.#changes += 1;
      void this.#save(false);
    };
  }

  /** The new conversation has got its id: what is typed now belongs there. */
  rename(key: string): void {
    if (key === this.#key) return;
    const before = this.#key;
    this.#key = key;
    this.#held = null;
    void this.#saveAs(before, EMPTY_DRAFT, false);
    if (isEmptyDraft(this.#draft)) this.#saved = this.#changes;
    else void this.#save(false);
  }

  /** Takes over a newer draft from another tab, another device, or an earlier page. */
  async refresh(): Promise<void> {
    const { signal } = this.#closing;
    const key = this.#key;
    const waiting = this.#ports.buffer.read(key);
    const server = await this.#ports.fetchDraft(key, signal).catch(() => undefined);
    if (signal.aborted || key !== this.#key || this.#held !== null) return;
    const draft = newerDraft(server ?? null, waiting) ?? this.#sentElsewhere(server);
    if (draft === null) return;
    // What was kept from here comes back without the files that do not fit.
    if (draft !== waiting && isSameDraft(draft, fittingDraft(this.#draft))) return;
    const [isUnsaved, isBeingTyped] = [this.#isUnsaved, this.#isBeingTyped];
    if (!takesOver({ draft, knownAt: this.#knownAt, isUnsaved, isBeingTyped })) return;
    this.#draft = { text: draft.text, attachments: draft.attachments, model: draft.model };
    this.#knownAt = draft.updatedAt;
    this.#show(this.#draft);
    if (draft === waiting) {
      this.#changes += 1;
      void this.#save(false);
    } else if (waiting !== null) this.#ports.buffer.remove(key);
  }

  /** A draft that was saved and is gone was sent, or emptied, in another tab. */
  #sentElsewhere(server: StoredDraft | null | undefined): StoredDraft | null {
    if (server !== null || isEmptyDraft(this.#draft)) return null;
    return { ...EMPTY_DRAFT, model: this.#draft.model, updatedAt: this.#ports.now() + 1 };
  }

  /** The page goes away: the request may outlive it, and the buffer does. */
  leave(): void {
    if (!this.#isUnsaved) return;
    this.#keepHere();
    void this.#save(true);
  }

  /** Saves now; whether the server has everything afterwards. */
  async flush(): Promise<boolean> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return this.#isUnsaved ? this.#save(false) : this.#saving;
  }

  get #isUnsaved(): boolean {
    return this.#changes !== this.#saved;
  }

  get #kept(): Draft {
    return this.#held === null ? this.#draft : joinedDrafts(this.#held, this.#draft);
  }

  #keepHere(): void {
    this.#ports.buffer.write(this.#key, { ...this.#kept, updatedAt: this.#knownAt });
  }

  #schedule(delay: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#save(false);
    }, delay);
  }

  async #save(isLeaving: boolean): Promise<boolean> {
    const change = this.#changes;
    const hasWorked = await this.#saveAs(this.#key, this.#kept, isLeaving);
    if (hasWorked) this.#saved = Math.max(this.#saved, change);
    else if (!this.#closing.signal.aborted) this.#schedule(RETRY_DELAY_MS);
    return hasWorked;
  }

  /** One save after the other, so that the last one typed is the last one kept. */
  #saveAs(key: string, draft: Draft, isLeaving: boolean): Promise<boolean> {
    const [updatedAt, change] = [this.#knownAt, this.#changes];
    const attempt = async (): Promise<boolean> => {
      const { buffer, saveDraft, tell, now } = this.#ports;
      try {
        await saveDraft(key, draft, isLeaving);
        buffer.remove(key);
        // The server's clock may be behind: its stamp of this draft must not look newer here.
        if (key === this.#key && change === this.#changes) this.#knownAt = now();
        tell(key);
        return true;
      } catch {
        buffer.write(key, { ...draft, updatedAt });
        return false;
      }
    };
    this.#saving = isLeaving ? attempt() : this.#saving.then(attempt);
    return this.#saving;
  }
}
