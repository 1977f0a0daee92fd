/** Answers, questions and drafts that outlive the page, on a stand-in server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DIST, ask, checkAccessibility, field, launch, openPage, shoot } from "./browser.mjs";
import { startFakeServer } from "./fake-server.mjs";

/** Everything here answers within a second or two. */
const HANG_MS = 30_000;
const FAILED_REQUEST = /^Failed to load resource/u;

let browser;
let server;
let visitor;

before(async () => {
  server = await startFakeServer({ dist: DIST });
  browser = await launch();
  visitor = await openPage(browser, server.origin, { expected: [FAILED_REQUEST] });
  visitor.page.setDefaultTimeout(HANG_MS);
  await visitor.page.goto(server.link);
  await field(visitor.page).waitFor();
  await ask(visitor.page, "say hello");
  await visitor.page.locator(".turn .prov").waitFor();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Waits until the server keeps this draft of the open (or the new) conversation. */
async function draftSaved(page, text, key = new URL(page.url()).pathname.split("/").at(-1)) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const kept = readDraft(key);
    if ((kept?.text ?? null) === text) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`the draft of ${key} is ${JSON.stringify(readDraft(key))}`);
}

function readDraft(key) {
  try {
    return server.conversations.draft(key);
  } catch {
    return null;
  }
}

/** Runs `action` while every connection to the server breaks. */
async function whileDown(action) {
  server.setDown(true);
  try {
    await action();
  } finally {
    server.setDown(false);
  }
}

describe("an answer that goes on without the page", () => {
  const ALL = "One two three. ".repeat(40).trim();

  async function textOfLatest(page) {
    return page.locator(".turn:last-child .answer .block").first().innerText();
  }

  test("arrives whole after the connection broke", async () => {
    const { page } = visitor;
    await ask(page, "break");
    await page.locator(".turn:last-child .prov").waitFor();
    assert.equal(await textOfLatest(page), ALL);
  });

  test("says that the connection is lost, and goes on where it was", async () => {
    const { page } = visitor;
    await ask(page, "long");
    await page.locator(".turn:last-child .block").waitFor();
    await whileDown(async () => {
      await page.getByText("Connection lost, the answer continues on the server.").waitFor();
      await checkAccessibility(page, "a lost connection");
      await shoot(page, "connection-lost-en-1440");
    });
    await page.locator(".turn:last-child .prov").waitFor();
    assert.equal(await textOfLatest(page), ALL);
  });

  test("is there after a reload, also one in its middle", async () => {
    const { page } = visitor;
    await ask(page, "long again");
    await page.locator(".turn:last-child .block").waitFor();
    const turns = await page.locator(".turn").count();
    await page.reload();
    await page.locator(".turn:last-child .prov").waitFor();
    assert.equal(await page.locator(".turn").count(), turns);
    assert.equal(await textOfLatest(page), ALL);
  });

  test("stops on command, tells what it used, and can be continued", async () => {
    const { page } = visitor;
    await ask(page, "slow");
    await page.locator(".turn:last-child .block").waitFor();
    await page.keyboard.press("Escape");
    const end = page.locator(".turn:last-child .ended");
    await end.waitFor();
    const words = (await end.innerText()).replace(/\s+/gu, " ");
    assert.match(words, /^ ?Stopped after 84 tokens Continue$/u);
    const line = await page.locator(".turn:last-child .prov").innerText();
    assert.match(line, /[\d.]+\s(?:J|Wh)\s+estimated,\s±\s30%/u);
    await checkAccessibility(page, "a stopped answer");
    await shoot(page, "stopped-en-1440");
    await end.getByRole("button", { name: "Continue" }).click();
    await end.waitFor({ state: "detached" });
    await page.locator(".turn:last-child .prov").waitFor();
    assert.match(await page.locator(".turn:last-child .prov").innerText(), /168 tokens/u);
  });

  for (const [question, words] of [
    ["crash", /server stopped before the answer was complete/u],
    ["length", /limit of tokens/u],
  ]) {
    test(`can be continued after ${question}`, async () => {
      const { page } = visitor;
      await ask(page, question);
      const end = page.locator(".turn:last-child .ended");
      await end.waitFor();
      assert.match(await end.innerText(), words);
      assert.match(await textOfLatest(page), /^One two three/u);
      await end.getByRole("button", { name: "Continue" }).click();
      await page.locator(".turn:last-child .prov").waitFor();
      await end.waitFor({ state: "detached" });
    });
  }
});

describe("versions", () => {
  test("of an answer stand beside each other, and the choice is kept", async () => {
    const { page } = visitor;
    await ask(page, "say first");
    await page.locator(".turn:last-child .prov").waitFor();
    const latest = page.locator(".turn:last-child");
    await latest.getByRole("button", { name: "Answer again" }).click();
    const versions = latest.getByRole("group", { name: "Versions of this answer" });
    await versions.waitFor();
    await latest.locator(".prov").waitFor();
    assert.match(await versions.innerText(), /2 \/ 2/u);
    await versions.getByRole("button", { name: "Previous version" }).click();
    assert.match(await versions.innerText(), /1 \/ 2/u);
    await page.getByRole("status").getByText("Version 1 of 2").waitFor();
    await checkAccessibility(page, "versions of an answer");
    await shoot(page, "versions-en-1440");
    await page.reload();
    await versions.waitFor();
    assert.match(await versions.innerText(), /1 \/ 2/u);
  });

  test("of a question keep their own answers", async () => {
    const { page } = visitor;
    const turns = await page.locator(".turn").count();
    for (const at of [0, turns - 1]) {
      const turn = page.locator(".turn").nth(at);
      await turn.getByRole("button", { name: "Edit the question" }).click();
      const editor = turn.getByLabel("New version of your question");
      await editor.fill("say edited");
      await checkAccessibility(page, "a question that is edited");
      await editor.press("Enter");
      await page.locator(".turn").nth(at).locator(".prov").waitFor();
      assert.equal(await page.locator(".turn").count(), at + 1);
      const versions = turn.getByRole("group", { name: "Versions of this question" });
      assert.match(await versions.innerText(), /2 \/ 2/u);
      await versions.getByRole("button", { name: "Previous version" }).click();
      await page.locator(".turn").nth(turns - 1).waitFor();
    }
  });
});

describe("an ended session", () => {
  test("is opened again over the page; the question goes out once, the draft stays", async () => {
    const { page } = visitor;
    const turns = await page.locator(".turn").count();
    const begun = server.conversations.counts.begin;
    server.endSessions("second");
    await ask(page, "say still here");
    const dialog = page.getByRole("dialog", { name: "Sign in again" });
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /run galerne login-link\. It prints another one/u);
    await page.waitForFunction(() => document.activeElement?.matches("[role=dialog] input"));
    await checkAccessibility(page, "an ended session");
    await shoot(page, "session-ended-en-1440");
    await dialog.getByLabel("Link or token").fill("wrong");
    await dialog.getByLabel("Link or token").press("Enter");
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Link or token").fill("second");
    await dialog.getByLabel("Link or token").press("Enter");
    await page.locator(".turn:last-child .prov").waitFor();
    assert.match(await page.locator(".turn:last-child .answer").innerText(), /still here/u);
    assert.equal(await page.locator(".turn").count(), turns + 1);
    assert.equal(server.conversations.counts.begin, begun + 1);
  });

  test("is noticed while typing, and nothing typed is lost", async () => {
    const { page } = visitor;
    server.endSessions("third");
    await field(page).fill("half a thought");
    const dialog = page.getByRole("dialog", { name: "Sign in again" });
    await dialog.waitFor();
    await dialog.getByLabel("Link or token").fill("third");
    await dialog.getByLabel("Link or token").press("Enter");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await field(page).inputValue(), "half a thought");
    await draftSaved(page, "half a thought");
    await page.reload();
    await field(page).waitFor();
    await page.waitForFunction(
      () => document.querySelector("textarea").value === "half a thought",
    );
    await field(page).fill("");
    await draftSaved(page, null);
  });
});

describe("a draft", () => {
  test("of a new conversation survives a reload, and the change to its id", async () => {
    const { page } = visitor;
    await page.goto(server.origin);
    await field(page).fill("say begun");
    await draftSaved(page, "say begun", "new");
    await page.reload();
    await page.waitForFunction(() => document.querySelector("textarea")?.value === "say begun");
    await field(page).press("Enter");
    await field(page).fill("the next one");
    await page.waitForURL(/\/c\/conv_/u);
    await page.locator(".turn:last-child .prov").waitFor();
    assert.equal(await field(page).inputValue(), "the next one");
    await draftSaved(page, "the next one");
    await draftSaved(page, null, "new");
    await page.reload();
    await page.waitForFunction(() => document.querySelector("textarea")?.value === "the next one");
    await field(page).fill("");
    await draftSaved(page, null);
  });

  test("waits in the browser while the server is away, and leaves no trace there", async () => {
    const { page } = visitor;
    await whileDown(async () => {
      await field(page).fill("kept here");
      await page.waitForFunction(() => JSON.stringify({ ...localStorage }).includes("kept here"));
    });
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await draftSaved(page, "kept here");
    // The server has it a moment before the page hears of that and forgets its own copy.
    await page.waitForFunction(() => !JSON.stringify({ ...localStorage }).includes("kept here"));
    await field(page).fill("");
    await draftSaved(page, null);
  });
});

test("a second tab gets its question back while the first one is answered", async () => {
  const { page, context } = visitor;
  const second = await context.newPage();
  await second.goto(page.url());
  await field(second).waitFor();
  await ask(page, "slow one");
  await page.locator(".turn:last-child .block").waitFor();
  await second.evaluate(() => Object.defineProperty(document, "visibilityState", { value: "hidden" }));
  await ask(second, "say mine");
  await second.getByText("An answer is already being written in this conversation").waitFor();
  assert.equal(await field(second).inputValue(), "say mine");
  await checkAccessibility(second, "an answer begun elsewhere");
  await second.locator(".turn:last-child .block").waitFor();
  await second.getByRole("button", { name: "Stop" }).click();
  await page.locator(".turn:last-child .ended").waitFor();
  await second.close();
  await field(page).fill("");
});

describe("text files", () => {
  const text = (name, content) => ({
    name,
    mimeType: "text/plain",
    buffer: Buffer.from(content),
  });

  test("are picked, refused with a reason, removed and sent", async () => {
    const { page } = visitor;
    await page.locator("input[type=file]").setInputFiles([
      text("notes.md", "# Notes"),
      text("invoice\u202Etxt.exe", "text"),
      text("large.txt", "x".repeat(1024 * 1024 + 1)),
      { name: "picture.png", mimeType: "image/png", buffer: Buffer.from([0x89, 0x50, 0xff]) },
    ]);
    const chips = page.getByRole("list", { name: "Attached files" }).getByRole("listitem");
    await chips.nth(1).waitFor();
    assert.equal(await chips.count(), 2);
    assert.match(await chips.nth(0).innerText(), /notes\.md\s*7 bytes/u);
    assert.match(await chips.nth(1).innerText(), /invoicetxt\.exe.*hide how it reads/su);
    const note = await page.locator(".dock [role=alert]").innerText();
    assert.match(note, /large\.txt.*larger than 1 MiB.*picture\.png.*not text in UTF-8/su);
    await checkAccessibility(page, "attached files");
    await shoot(page, "files-en-1440");
    await page.getByRole("button", { name: /Remove .*invoicetxt/u }).click();
    await page.reload();
    await chips.first().waitFor();
    assert.equal(await chips.count(), 1, "the draft keeps the files");
    await ask(page, "say read");
    await page.locator(".turn:last-child .prov").waitFor();
    assert.match(await page.locator(".turn:last-child .user").innerText(), /say read.*notes\.md/su);
  });

  test("are dropped on the page and pasted into it", async () => {
    const { page } = visitor;
    await page.evaluate(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
      const init = { bubbles: true, cancelable: true, dataTransfer: transfer };
      const target = document.querySelector(".thread");
      target.dispatchEvent(new DragEvent("dragenter", init));
      target.dispatchEvent(new DragEvent("drop", init));
      const pasted = new DataTransfer();
      pasted.items.add(new File(["pasted"], "pasted.txt", { type: "text/plain" }));
      const paste = { bubbles: true, cancelable: true, clipboardData: pasted };
      document.querySelector("textarea").dispatchEvent(new ClipboardEvent("paste", paste));
    });
    for (const name of ["dropped.txt", "pasted.txt"]) {
      await page.getByRole("button", { name: new RegExp(`Remove .*${name}`, "u") }).click();
    }
  });

  test("take the place of a paste that is too long for the field", async () => {
    const { page } = visitor;
    const paste = (characters) =>
      page.evaluate((count) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", "x".repeat(count));
        const init = { bubbles: true, cancelable: true, clipboardData };
        const start = performance.now();
        document.querySelector("textarea").dispatchEvent(new ClipboardEvent("paste", init));
        return performance.now() - start;
      }, characters);
    await field(page).fill("typed");
    await paste(20 * 1024 * 1024);
    await page.getByText("paste a shorter part of it").waitFor();
    assert.equal(await field(page).inputValue(), "typed");
    await paste(500_000);
    await checkAccessibility(page, "a paste that is too long");
    await page.getByRole("button", { name: "Attach it as a file" }).click();
    await page.getByRole("button", { name: /Remove .*pasted text/u }).click();
    assert.equal(await field(page).inputValue(), "typed");
    await field(page).fill("");
  });
});

test("the page broke no rule and talked to nobody else", () => {
  assert.deepEqual(visitor.problems, []);
});
