/**
 * The whole page as a person goes through it, in four languages, two themes, on a desktop and on
 * a phone; and once without a mouse. The server is a stand-in, so that the answers are in the
 * language of the page. Pictures of every step are written to `test-results/walk/`.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import {
  DESKTOP,
  DIST,
  PHONE,
  ask,
  checkAccessibility,
  checkFits,
  field,
  launch,
  openPage,
  settle,
  shoot,
} from "./browser.mjs";
import { Conversations, writeText } from "./fake-conversations.mjs";
import { LARGE_MODEL, SMALL_MODEL, startFakeServer } from "./fake-server.mjs";
import { isolate } from "./navigation.mjs";
import { SPEECHES } from "./speeches.mjs";
import { loadWords } from "./words.mjs";

const HANG_MS = 30_000;
const MEDIUM = { width: 1024, height: 768 };
const FAILED_REQUEST = /^Failed to load resource/u;
const LOCALES = { fr: "fr-FR", en: "en-GB", ar: "ar-EG", hi: "hi-IN" };
/** A question that is answered slowly, so that it can be stopped. */
const SLOW = "slow";

let browser;
let words;

before(async () => {
  words = await loadWords(Object.keys(SPEECHES));
  browser = await launch();
});

after(() => browser?.close());

/** Runs `walk` on a page of a server that answers in one language, by one model. */
async function visit(language, { model = SMALL_MODEL, ...options }, walk) {
  const { answer } = SPEECHES[language];
  const write = (turn, question) => writeText(turn, answer, question === SLOW ? 200 : 4);
  const conversations = new Conversations(write);
  const server = await startFakeServer({ dist: DIST, conversations, models: [model] });
  const settings = { locale: LOCALES[language], expected: [FAILED_REQUEST], ...options };
  const { page, context, problems } = await openPage(browser, server.origin, settings);
  try {
    page.setDefaultTimeout(HANG_MS);
    await page.goto(server.link);
    await field(page).waitFor();
    await walk(page, server);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
    await server.close();
  }
}

const latest = (page) => page.locator(".turn:last-child");
const button = (scope, name) => scope.getByRole("button", { name, exact: true });

for (const language of Object.keys(SPEECHES)) {
  for (const theme of ["light", "dark"]) {
    for (const [device, viewport] of [
      ["desktop", DESKTOP],
      ["phone", PHONE],
    ]) {
      test(`${language}, ${theme}, ${device}`, async () => {
        const isTouch = device === "phone";
        // The empty page says other things where the model is small.
        const model = theme === "light" ? SMALL_MODEL : LARGE_MODEL;
        const options = { colorScheme: theme, viewport, hasTouch: isTouch, model };
        await visit(language, options, async (page, server) => {
          const name = (step) => `walk/${language}-${theme}-${viewport.width}-${step}`;
          const look = async (step) => {
            await checkFits(page, name(step));
            await checkAccessibility(page, name(step));
            await shoot(page, name(step));
          };
          await walk(page, server, words[language], SPEECHES[language], look);
          if (!isTouch) await lookAtMedium(page, name("medium"));
        });
      });
    }
  }
}

async function walk(page, server, texts, speech, look) {
  await look("empty");
  await lookAtSettings(page, texts, look);
  await answerAndVersions(page, texts, speech, look);
  await stopAndContinue(page, texts, look);
  await attach(page, texts, speech, look);
  await renameAndFind(page, texts, speech, look);
  await fail(page, server, texts, look);
}

async function lookAtSettings(page, texts, look) {
  await button(page, texts.settings.open).click();
  await page.getByRole("dialog").waitFor();
  await look("settings");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
}

/** An answer that has just ended may still scroll the page, which closes what is open: then again. */
async function openFigures(page, texts) {
  const opener = button(latest(page), texts.provenance.details);
  const dialog = page.getByRole("dialog");
  await opener.click();
  const isOpen = await dialog.waitFor({ timeout: 3_000 }).then(
    () => true,
    () => false,
  );
  if (!isOpen) await opener.click();
  await dialog.waitFor();
}

/** Asks, answers again, asks otherwise, and looks at the versions. */
async function answerAndVersions(page, texts, speech, look) {
  await ask(page, speech.question);
  await latest(page).locator(".prov").waitFor();
  assert.equal(await latest(page).locator(".answer :is(table, pre, ul)").count(), 3);
  await look("answer");
  await openFigures(page, texts);
  await look("figures");
  await page.keyboard.press("Escape");
  await button(latest(page), texts.conversation.again).click();
  const versions = latest(page).getByRole("group", { name: texts.branch.ofAnswer });
  await versions.waitFor();
  await latest(page).locator(".prov").waitFor();
  await button(latest(page), texts.conversation.edit).click();
  const editor = latest(page).getByLabel(texts.conversation.editLabel);
  await editor.fill(speech.edited);
  await look("edit");
  await button(latest(page), texts.conversation.editSend).click();
  await latest(page).getByRole("group", { name: texts.branch.ofQuestion }).waitFor();
  await latest(page).locator(".prov").waitFor();
  await button(latest(page), texts.branch.previous).click();
  await latest(page).getByText(speech.question, { exact: true }).first().waitFor();
  await look("versions");
}

async function stopAndContinue(page, texts, look) {
  await ask(page, SLOW);
  await latest(page).locator(".block").first().waitFor();
  await look("writing");
  await button(page, texts.composer.stop).click();
  await latest(page).locator(".ended").waitFor();
  await look("stopped");
  await button(latest(page), texts.conversation.continueAnswer).click();
  await latest(page).locator(".prov").waitFor();
}

async function attach(page, texts, speech, look) {
  const [name, text] = speech.file;
  const choosing = page.waitForEvent("filechooser");
  await button(page, texts.files.add).click();
  const chooser = await choosing;
  await chooser.setFiles([
    { name, mimeType: "text/plain", buffer: Buffer.from(text) },
    { name: "photo.png", mimeType: "image/png", buffer: Buffer.from([0x89, 0xff, 0x00]) },
  ]);
  await page.locator(".below").getByText(name).waitFor();
  await page.getByRole("list", { name: texts.files.refusedLabel }).waitFor();
  await look("files");
  await button(page.locator(".below"), texts.files.dismiss).click();
  await ask(page, speech.edited);
  await latest(page).locator(".prov").waitFor();
  await latest(page).getByText(name).waitFor();
}

/** The list, a longer name, a search with and without a result, the palette. */
async function renameAndFind(page, texts, speech, look) {
  await button(page.locator("header.top"), texts.conversations.actionsOf(isolate(speech.question))).click();
  await page.getByRole("menuitem", { name: texts.conversations.rename }).click();
  const name = page.getByLabel(texts.conversations.nameField);
  await name.fill(speech.name);
  await name.press("Enter");
  await page.waitForFunction((wanted) => document.title.includes(wanted), speech.name);
  await openList(page, texts);
  await page.locator(".conv-row a").first().waitFor();
  await look("list");
  await menuAndDelete(page, texts, isolate(speech.name), look);
  await openList(page, texts);
  const search = page.getByRole("searchbox", { name: texts.conversations.searchLabel });
  await search.fill(speech.search);
  await page.locator(".conv-row a").first().waitFor();
  await search.fill("zzzz");
  await page.getByRole("heading", { name: texts.conversations.noneFoundTitle }).waitFor();
  await look("nothing-found");
  await search.press("Escape");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").locator("input").waitFor();
  await look("palette");
  await page.keyboard.press("Escape");
  await closeList(page);
}

/** What the menu of a row holds, and what is asked before it deletes. */
async function menuAndDelete(page, texts, name, look) {
  const row = page.locator(".conv-row").filter({ hasText: name.slice(1, -1) });
  await row.hover();
  await button(row, texts.conversations.actionsOf(name)).click();
  await page.getByRole("menu").waitFor();
  await look("menu");
  await page.getByRole("menuitem", { name: texts.conversations.remove }).click();
  await page.getByRole("alertdialog").waitFor();
  await look("delete");
  await button(page, texts.conversations.deleteKeep).click();
  await page.getByRole("alertdialog").waitFor({ state: "detached" });
}

async function openList(page, texts) {
  const opener = button(page, texts.conversations.open);
  if (await opener.isVisible()) await opener.click();
}

async function closeList(page) {
  const drawer = page.locator(".drawer");
  while ((await drawer.count()) > 0) {
    await page.keyboard.press("Escape");
    await page.waitForTimeout(100);
  }
}

/** A question while the server is away: it is kept, and goes when the server is back. */
async function fail(page, server, texts, look) {
  server.setDown(true);
  await ask(page, "?");
  await page.getByText(texts.conversation.sendWaiting).waitFor();
  await look("waiting");
  server.setDown(false);
  await latest(page).locator(".prov").waitFor();
  server.endSessions("again");
  await ask(page, "!");
  await page.getByRole("dialog", { name: texts.signIn.again }).waitFor();
  await look("session-ended");
  await page.getByLabel(texts.signIn.field).fill("again");
  await page.getByLabel(texts.signIn.field).press("Enter");
  await latest(page).locator(".prov").waitFor();
}

async function lookAtMedium(page, name) {
  await page.setViewportSize(MEDIUM);
  await checkFits(page, name);
  await shoot(page, name);
}

describe("without a mouse", () => {
  test("a question, its versions, its name, the archive and the way out", async () => {
    await visit("en", {}, walkByKeys);
  });

  test("Tab goes through all of it, with a focus that shows and is not covered", async () => {
    await visit("en", {}, tabThrough);
  });
});

async function walkByKeys(page) {
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const type = (text) => page.keyboard.type(text);

  await type("How long?");
  await press("Enter");
  await latest(page).locator(".prov").waitFor();
  await press("Alt+ArrowUp");
  await tabTo(page, "Answer again");
  await press("Enter");
  await latest(page).getByText("2 / 2").waitFor();
  await latest(page).locator(".prov").waitFor();
  await press("Alt+ArrowUp");
  await tabTo(page, "Previous version");
  await press("Enter");
  await latest(page).getByText("1 / 2").waitFor();
  await press("Alt+ArrowUp");
  await tabTo(page, "Edit the question");
  await press("Enter", "Control+a");
  await type("And the annexes?");
  await press("Enter");
  await latest(page).getByText("And the annexes?", { exact: true }).first().waitFor();
  await latest(page).locator(".prov").waitFor();

  await pressUntilIn(page, "F6", "nav.nav");
  await pressUntilIn(page, "Tab", ".conv-row");
  await press("F2");
  await type("Annexes");
  await press("Enter");
  await page.getByRole("link", { name: "Annexes" }).waitFor();
  await press("Shift+F10");
  await page.getByRole("menu").waitFor();
  await press("ArrowDown", "ArrowDown", "Enter");
  await page.locator(".toast").waitFor();
  assert.equal(await page.locator(".conv-row a").count(), 0);
  await pressUntilIn(page, "F6", ".toasts");
  await tabTo(page, "Undo");
  await press("Enter");
  await page.getByRole("link", { name: "Annexes" }).waitFor();

  await press("Control+k");
  await page.getByRole("dialog").waitFor();
  await type("sign out");
  await page.getByRole("menuitem", { name: "Sign out" }).waitFor();
  await press("ArrowDown", "Enter");
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
}

async function tabThrough(page) {
  await ask(page, "How long?");
  await latest(page).locator(".prov").waitFor();
  const stops = [];
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    await settle(page);
    const stop = await page.evaluate(focusSeen);
    if (stop !== null && stops.some(({ id }) => id === stop.id)) break;
    if (stop !== null) stops.push(stop);
  }
  assert.ok(stops.length >= 12, `${stops.length} stops`);
  for (const { what, isShown, isFree } of stops) {
    assert.ok(isShown, `the focus on ${what} shows`);
    assert.ok(isFree, `${what} is not covered`);
  }
  await withoutRings(page, async () => {
    await page.keyboard.press("Tab");
    const { what, isShown } = await page.evaluate(focusSeen);
    assert.ok(!isShown, `a focus on ${what} that does not show would be noticed`);
  });
}

async function withoutRings(page, check) {
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*{box-shadow:none!important}");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  });
  await check();
  await page.evaluate(() => (document.adoptedStyleSheets = []));
}

/** What has the focus: whether it looks other than without it, and whether something covers it. */
function focusSeen() {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  element.dataset.tabStop ??= String(document.querySelectorAll("[data-tab-stop]").length);
  // Every focused element has an outline, which only forced colours make visible.
  const ringOf = ({ outline, outlineStyle, outlineColor, boxShadow, borderColor }) => {
    const isClear = outlineStyle === "none" || /^rgba\(.*, 0\)$/u.test(outlineColor);
    return `${isClear ? "" : outline} ${boxShadow} ${borderColor}`;
  };
  const isField = element.matches("textarea,input");
  const frame = isField ? element.closest(".composer,.find") : null;
  const look = () =>
    [element, frame]
      .filter((one) => one !== null)
      .map((one) => ringOf(getComputedStyle(one)))
      .join();
  const { left, top, width, height } = element.getBoundingClientRect();
  const found = document.elementFromPoint(left + width / 2, top + height / 2);
  const isFree = found !== null && (element.contains(found) || found.contains(element));
  const focused = look();
  element.blur();
  const isShown = look() !== focused;
  element.focus();
  const cover = isFree ? "" : ` under ${found?.outerHTML.slice(0, 80)}`;
  const what = `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent}`;
  return { id: element.dataset.tabStop, what: what.slice(0, 60) + cover, isShown, isFree };
}

/** Presses Tab until the button with this name has the focus. */
async function tabTo(page, name) {
  for (let step = 0; step < 40; step += 1) {
    const found = await page.evaluate(() => {
      const { activeElement: element } = document;
      return element?.getAttribute("aria-label") ?? element?.textContent ?? "";
    });
    if (found === name) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${name}`);
}

/** Presses a key until the focus is in what the selector names. */
async function pressUntilIn(page, key, selector) {
  for (let step = 0; step < 20; step += 1) {
    const isIn = await page.evaluate(
      (wanted) => document.activeElement.closest(wanted) !== null,
      selector,
    );
    if (isIn) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} does not reach ${selector}`);
}
