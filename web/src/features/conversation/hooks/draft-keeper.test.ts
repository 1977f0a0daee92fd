import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Draft, StoredDraft } from "../draft";
import { DraftBuffer } from "./draft-buffer";
import { DraftKeeper, SAVE_DELAY_MS } from "./draft-keeper";

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(1000);
  localStorage.clear();
});
afterEach(() => {
  vi.useRealTimers();
});

function typed(text: string): Draft {
  return { text, attachments: [], model: "m" };
}

/** The drafts of the server, shared by the tabs of a test. */
class Drafts {
  kept = new Map<string, StoredDraft>();
  isDown = false;
  saves: string[] = [];
  buffer = new DraftBuffer(localStorage);

  open(key = "c"): { keeper: DraftKeeper; shown: string[] } {
    const shown: string[] = [];
    const keeper = new DraftKeeper(key, this.#ports(), ({ text }) => shown.push(text));
    return { keeper, shown };
  }

  #ports() {
    return {
      fetchDraft: async (key: string) => {
        if (this.isDown) throw new Error("down");
        return this.kept.get(key) ?? null;
      },
      saveDraft: async (key: string, draft: Draft) => {
        if (this.isDown) throw new Error("down");
        this.saves.push(`${key}:${draft.text}`);
        if (draft.text === "") this.kept.delete(key);
        else this.kept.set(key, { ...draft, updatedAt: Date.now() });
      },
      buffer: this.buffer,
      tell: () => undefined,
      now: () => Date.now(),
    };
  }
}

async function pause(ms = SAVE_DELAY_MS): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

test("a draft is saved once after the last key", async () => {
  const drafts = new Drafts();
  const { keeper } = drafts.open();
  for (const text of ["a", "ab", "abc"]) {
    keeper.change(typed(text));
    await pause(SAVE_DELAY_MS - 1);
  }
  expect(drafts.saves).toEqual([]);
  await pause();
  expect(drafts.saves).toEqual(["c:abc"]);
  expect(drafts.buffer.keys()).toEqual([]);
});

test("a draft comes back when the page opens", async () => {
  const drafts = new Drafts();
  drafts.kept.set("c", { ...typed("kept"), updatedAt: 500 });
  const { keeper, shown } = drafts.open();
  await keeper.open();
  expect(shown).toEqual(["kept"]);
});

test("what was typed before the draft arrived stays", async () => {
  const drafts = new Drafts();
  drafts.kept.set("c", { ...typed("kept"), updatedAt: 5000 });
  const { keeper, shown } = drafts.open();
  const opening = keeper.open();
  keeper.change(typed("new"));
  await opening;
  expect(shown).toEqual([]);
});

describe("while the server is out of reach", () => {
  test("the browser keeps the draft, and the server gets it later", async () => {
    const drafts = new Drafts();
    drafts.isDown = true;
    const { keeper } = drafts.open();
    keeper.change(typed("a"));
    await pause();
    expect(drafts.buffer.read("c")?.text).toBe("a");
    drafts.isDown = false;
    expect(await keeper.flush()).toBe(true);
    expect(drafts.kept.get("c")?.text).toBe("a");
    expect(drafts.buffer.keys()).toEqual([]);
  });

  test("the newer of server and browser is restored", async () => {
    const drafts = new Drafts();
    drafts.kept.set("c", { ...typed("server"), updatedAt: 500 });
    drafts.buffer.write("c", { ...typed("browser"), updatedAt: 600 });
    const first = drafts.open();
    await first.keeper.open();
    expect(first.shown).toEqual(["browser"]);
    await pause();
    expect(drafts.kept.get("c")?.text).toBe("browser");
    expect(drafts.buffer.keys()).toEqual([]);
  });

  test("leaving the page loses nothing", () => {
    const drafts = new Drafts();
    drafts.isDown = true;
    const { keeper } = drafts.open();
    keeper.change(typed("last words"));
    keeper.leave();
    expect(drafts.buffer.read("c")?.text).toBe("last words");
  });
});

describe("sending", () => {
  test("the draft goes when the question has arrived, not before", async () => {
    const drafts = new Drafts();
    const { keeper } = drafts.open();
    keeper.change(typed("a question"));
    await pause();
    const release = keeper.hold();
    keeper.change(typed(""));
    await pause(10_000);
    expect(drafts.kept.get("c")?.text).toBe("a question");
    release();
    await pause();
    expect(drafts.kept.has("c")).toBe(false);
  });

  test("what is typed meanwhile moves to the id that the conversation gets", async () => {
    const drafts = new Drafts();
    const { keeper } = drafts.open("new");
    keeper.change(typed("a question"));
    await pause();
    const release = keeper.hold();
    keeper.change(typed("the next one"));
    release();
    keeper.rename("c");
    await pause();
    expect([...drafts.kept].map(([key, { text }]) => `${key}:${text}`)).toEqual(["c:the next one"]);
  });
});

describe("a question that has not arrived", () => {
  /** Types, sends, and types on. */
  async function sendAndTypeOn(drafts: Drafts): Promise<{ keeper: DraftKeeper; release: () => void }> {
    const { keeper } = drafts.open();
    keeper.change(typed("a question"));
    const release = keeper.hold();
    keeper.change(typed(""));
    keeper.change(typed("more"));
    await pause();
    return { keeper, release };
  }

  test("is kept with what is typed after it", async () => {
    const drafts = new Drafts();
    const { release } = await sendAndTypeOn(drafts);
    expect(drafts.kept.get("c")?.text).toBe("a question\nmore");
    release();
    await pause();
    expect(drafts.kept.get("c")?.text).toBe("more");
  });

  test("outlives the field", async () => {
    const drafts = new Drafts();
    const { keeper } = await sendAndTypeOn(drafts);
    keeper.close();
    await pause();
    const again = drafts.open();
    await again.keeper.open();
    expect(again.shown).toEqual(["a question\nmore"]);
  });

  test("outlives the page", () => {
    const drafts = new Drafts();
    drafts.isDown = true;
    const { keeper } = drafts.open();
    keeper.change(typed("a question"));
    keeper.hold();
    keeper.change(typed(""));
    keeper.leave();
    expect(drafts.buffer.read("c")?.text).toBe("a question");
  });

  test("is not let go by the one before it", async () => {
    const drafts = new Drafts();
    const { keeper, release } = await sendAndTypeOn(drafts);
    keeper.hold();
    keeper.change(typed(""));
    release();
    await pause();
    expect(drafts.kept.get("c")?.text).toBe("more");
  });
});

test("files that are too much for a draft stay in the field", async () => {
  const drafts = new Drafts();
  const { keeper, shown } = drafts.open();
  const attachments = ["a", "b", "c"].map((name) => ({ name, text: name.repeat(900_000) }));
  keeper.change({ text: "t", attachments, model: null });
  await pause();
  // The server's clock is ahead, and it has only two of them.
  drafts.kept.set("c", { text: "t", attachments: attachments.slice(0, 2), model: null, updatedAt: 1e9 });
  keeper.rest();
  await keeper.refresh();
  expect(shown).toEqual([]);
});

describe("two tabs", () => {
  test("the newer draft wins where nobody types", async () => {
    const drafts = new Drafts();
    const [one, two] = [drafts.open(), drafts.open()];
    one.keeper.change(typed("old"));
    await pause();
    await two.keeper.open();
    vi.setSystemTime(9000);
    two.keeper.change(typed("newer"));
    await pause();
    one.keeper.rest();
    await one.keeper.refresh();
    expect(one.shown).toEqual(["newer"]);
  });

  test("nothing comes under a hand that types", async () => {
    const drafts = new Drafts();
    const { keeper, shown } = drafts.open();
    keeper.change(typed("mine"));
    await pause();
    drafts.kept.set("c", { ...typed("theirs"), updatedAt: 99_000 });
    await keeper.refresh();
    expect(shown).toEqual([]);
    keeper.rest();
    await keeper.refresh();
    expect(shown).toEqual(["theirs"]);
  });

  test("a draft that was sent in one goes from the other", async () => {
    const drafts = new Drafts();
    drafts.kept.set("c", { ...typed("shared"), updatedAt: 500 });
    const { keeper, shown } = drafts.open();
    await keeper.open();
    drafts.kept.clear();
    await keeper.refresh();
    expect(shown).toEqual(["shared", ""]);
  });
});
