import { holdRequests } from "../../api/client";
import { browserStorage } from "../../preferences/browser-storage";

const OWNER_KEY = "galerne.account";

/** `isLeaving`: the page itself is somebody else's, not only what an earlier one left behind. */
type ForeignListener = (isLeaving: boolean) => void;

interface PageOwnerPorts {
  storage: Pick<Storage, "getItem" | "setItem">;
  /** Opens the page anew, with nothing of this one. */
  leave: () => void;
}

/**
 * Whose page this is, by the id of the account. What the page and this browser hold of one person
 * is neither shown to the next one nor sent as theirs.
 */
export class PageOwner {
  readonly #ports: PageOwnerPorts;
  #id: string | null = null;
  #listeners = new Set<ForeignListener>();

  constructor(ports: PageOwnerPorts) {
    this.#ports = ports;
  }

  get isKnown(): boolean {
    return this.#id !== null;
  }

  onForeign(listener: ForeignListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** This account is signed in. Returns whether the page is theirs; if not, it goes away. */
  claim(id: string): boolean {
    const { storage } = this.#ports;
    if (this.#id !== null && this.#id !== id) {
      this.#remember(id);
      this.#part();
      return false;
    }
    const before = storage.getItem(OWNER_KEY);
    if (this.#id === null && before !== null && before !== id) this.#tell(false);
    this.#id = id;
    this.#remember(id);
    return true;
  }

  /** Another tab tells who is signed in there: the browser has one session for all of them. */
  hear(key: string | null, id: string | null): void {
    const isForeign = key === OWNER_KEY && id !== null && this.#id !== null && id !== this.#id;
    if (isForeign) this.#part();
  }

  #part(): void {
    this.#tell(true);
    this.#ports.leave();
  }

  #tell(isLeaving: boolean): void {
    this.#listeners.forEach((listener) => listener(isLeaving));
  }

  #remember(id: string): void {
    try {
      this.#ports.storage.setItem(OWNER_KEY, id);
    } catch {
      // The storage is full or closed: it keeps no drafts either.
    }
  }
}

/** That of this page. The address names a conversation, or words that were looked for: it goes too. */
export const pageOwner = new PageOwner({
  storage: browserStorage(),
  leave: () => {
    // A page that goes away saves what is typed: not as somebody else.
    holdRequests();
    window.location.replace("/");
  },
});

window.addEventListener("storage", ({ key, newValue }) => pageOwner.hear(key, newValue));
