type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

const NOTHING: Kept = {
  length: 0,
  key: () => null,
  getItem: () => null,
  setItem: () => undefined,
  removeItem: () => undefined,
};

/** What this browser keeps for the page; nothing at all where it refuses to. */
export function browserStorage(): Kept {
  try {
    return window.localStorage;
  } catch {
    return NOTHING;
  }
}
