import type { StoredDraft } from "../draft";

const PREFIX = "galerne.draft.";

/**
 * Drafts that the server does not have yet. The storage is written at once, also while the page
 * goes away, and is empty whenever the server has everything.
 */
export class DraftBuffer {
  #isSealed = false;
  readonly #storage: Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

  constructor(storage: Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">) {
    this.#storage = storage;
  }

  read(key: string): StoredDraft | null {
    try {
      const found: unknown = JSON.parse(this.#storage.getItem(PREFIX + key) ?? "null");
      return isDraft(found) ? found : null;
    } catch {
      return null;
    }
  }

  /** Returns whether the draft is kept: a full or forbidden storage keeps nothing. */
  write(key: string, draft: StoredDraft): boolean {
    if (this.#isSealed) return false;
    try {
      this.#storage.setItem(PREFIX + key, JSON.stringify(draft));
      return true;
    } catch {
      return false;
    }
  }

  remove(key: string): void {
    try {
      this.#storage.removeItem(PREFIX + key);
    } catch {
      // A forbidden storage holds nothing either.
    }
  }

  /** What waits here was written by somebody else than who is signed in now. */
  clear(): void {
    this.keys().forEach((key) => this.remove(key));
  }

  /** Nothing more is kept: the page goes away, and somebody else's comes. */
  seal(): void {
    this.#isSealed = true;
    this.clear();
  }

  /** The conversations of which drafts wait here. */
  keys(): string[] {
    try {
      const names = Array.from({ length: this.#storage.length }, (_, at) => this.#storage.key(at));
      return names.flatMap((name) =>
        name?.startsWith(PREFIX) === true ? [name.slice(PREFIX.length)] : [],
      );
    } catch {
      return [];
    }
  }
}

function isDraft(value: unknown): value is StoredDraft {
  const { text, attachments, updatedAt } = (value ?? {}) as Partial<Record<string, unknown>>;
  return typeof text === "string" && Array.isArray(attachments) && typeof updatedAt === "number";
}
