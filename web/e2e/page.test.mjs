/** A person, a browser, the real server and the real model. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import {
  DESKTOP,
  NARROW,
  PHONE,
  ask,
  checkAccessibility,
  checkFits,
  field,
  launch,
  openPage,
  shoot,
} from "./browser.mjs";
import { missing, startServer } from "./server.mjs";
import { deskWords, loadWords } from "./words.mjs";

const NAMES = { en: "English", ar: "العربية", hi: "हिन्दी", fr: "Français" };
/** For `docs/images`: the answers are the model's own. */
const PICTURED = ["What is the capital of France?", "Name three primary colours."];
// Long enough to be seen growing, also where a machine is busy.
const EXPLANATION = "Explain in ten sentences why the sky is blue.";
/** The browser logs every refused request; one here is meant to be. */
const REFUSED = /^Failed to load resource: the server responded with a status of 409/u;
const GUEST = "guest@ministry.example";
const GUEST_PASSWORD = "seven slow trams at dusk";
const LONG = "Write a very long story about a lighthouse keeper, with many chapters.";

describe("the page on a real server", { skip: missing }, () => {
  let server;
  let browser;
  let visitor;
  let words;

  before(async () => {
    words = await loadWords(Object.keys(NAMES));
    server = await startServer();
    browser = await launch();
    visitor = await openPage(browser, server.origin, { expected: [REFUSED] });
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  test("the link signs in and leaves the address", async () => {
    const { page, context } = visitor;
    await page.goto(server.link);
    await field(page).waitFor();
    assert.equal(page.url(), `${server.origin}/`);
    const cookies = await context.cookies();
    const session = cookies.find(({ name }) => name === "galerne_session");
    assert.ok(session?.httpOnly);
    assert.equal(session.sameSite, "Strict");
    assert.equal(await page.evaluate(() => document.cookie), "");
    await page.reload();
    await field(page).waitFor();
  });

  test("the same link is refused a second time, and the page says what to do", async () => {
    const second = await openPage(browser, server.origin, { locale: "fr-FR" });
    await second.page.goto(server.link);
    const alert = second.page.getByRole("alert");
    await alert.waitFor();
    assert.match(await alert.innerText(), /il a déjà servi.*galerne login-link.*link_invalid/su);
    assert.equal(
      await second.page.getByRole("heading", { level: 1 }).innerText(),
      "Connectez-vous",
    );
    assert.equal(second.page.url(), `${server.origin}/`);
    await checkAccessibility(second.page, "the refused link");
    await shoot(second.page, "link-refused-fr");
    assert.deepEqual(second.problems, []);
    await second.context.close();
  });

  test("an answer streams in and says where it was computed and what it used", async () => {
    const { page } = visitor;
    await shoot(page, "empty-en-light-1440");
    await checkAccessibility(page, "the empty conversation");
    await watchLengths(page);
    await ask(page, EXPLANATION);
    const line = page.locator(".prov");
    await answered(page, line);
    const lengths = await page.evaluate(() => [...window.lengthsSeen]);
    const grown = lengths.filter((length) => length > 0);
    assert.ok(grown.length >= 2, `the text grew in steps: ${lengths}`);
    const text = (await line.innerText()).replace(/\s+/gu, " ");
    assert.match(text, /This server/u);
    assert.match(text, /[\d.,]+ (?:J|Wh) (?:measured|modelled|estimated), ± \d+%/u);
    assert.match(text, /[\d.,]+ (?:µg|mg|g) CO2e (?:measured|modelled|estimated), ± \d+%/u);
    assert.match(text, /\d+ tokens?/u);
  });

  test("the conversation has an address, and is there after a reload", async () => {
    const { page } = visitor;
    await page.waitForURL(/\/c\/conv_[0-9a-f]{32}$/u);
    const text = await latestText(page);
    await page.reload();
    await page.locator(".turn:last-child .prov").waitFor();
    // The Markdown chunk of a loaded page may come after the text.
    await page.locator(".turn:last-child .block").first().waitFor();
    assert.equal(await latestText(page), text);
  });

  test("an answer goes on while the page is away", async () => {
    const { page } = visitor;
    await ask(page, LONG);
    await page.locator(".turn:last-child .block").first().waitFor();
    const early = await latestText(page);
    await page.reload();
    await waitForText(page, early);
    await field(page).focus();
    await page.keyboard.press("Escape");
    await page.locator(".turn:last-child").locator(".ended,.prov").first().waitFor();
  });

  test("another version of a question, the first one too, has its own answer", async () => {
    const { page } = visitor;
    const first = page.locator(".turn").first();
    await first.getByRole("button", { name: "Edit the question" }).click();
    await first.getByLabel("New version of your question").fill("Name one colour.");
    await first.getByLabel("New version of your question").press("Enter");
    await answered(page, first.locator(".prov"));
    const versions = first.getByRole("group", { name: "Versions of this question" });
    assert.match(await versions.innerText(), /2 \/ 2/u);
    await versions.getByRole("button", { name: "Previous version" }).click();
    await page.locator(".turn").nth(1).waitFor();
  });

  test("a draft is there after a reload", async () => {
    const { page } = visitor;
    await field(page).fill("half a thought");
    await page.waitForResponse((response) => response.url().endsWith("/draft"));
    await page.reload();
    await page.waitForFunction(
      () => document.querySelector("textarea")?.value === "half a thought",
    );
    await field(page).fill("");
    await page.waitForResponse((response) => response.url().endsWith("/draft"));
  });

  test("Escape stops and the text stays", async () => {
    const { page } = visitor;
    await stopAnAnswer(page, server, () => page.keyboard.press("Escape"));
  });

  test("the button stops and the text stays", async () => {
    const { page } = visitor;
    await stopAnAnswer(page, server, () =>
      page.getByRole("button", { name: "Stop", exact: true }).click({ timeout: 10_000 }),
    );
    await field(page).fill("next");
    assert.ok(await page.getByRole("button", { name: "Send" }).isVisible());
    await field(page).fill("");
  });

  /** Chooses in the settings as a person does; returns what the page calls itself afterwards. */
  async function choose(page, language, theme) {
    const spoken = await page.evaluate(() => document.documentElement.lang);
    await page.getByRole("button", { name: words[spoken].settings.open, exact: true }).click();
    await page.getByText(NAMES[language], { exact: true }).click();
    await page.waitForFunction((tag) => document.documentElement.lang === tag, language);
    await page.getByText(words[language].settings[theme], { exact: true }).click();
    await checkAccessibility(page, `the settings in ${language}, ${theme}`);
    await page.keyboard.press("Escape");
    await page.waitForFunction((name) => document.documentElement.dataset.theme === name, theme);
  }

  // French comes last: the tests below go on in it.
  for (const language of ["en", "ar", "hi", "fr"]) {
    for (const theme of ["light", "dark"]) {
      test(`${language}, ${theme}: accessible and fitting at every width`, async () => {
        const { page } = visitor;
        await page.setViewportSize(DESKTOP);
        await choose(page, language, theme);
        for (const viewport of [DESKTOP, PHONE, NARROW]) {
          const name = `conversation-${language}-${theme}-${viewport.width}`;
          await page.setViewportSize(viewport);
          await page.locator(".prov,.ended").first().scrollIntoViewIfNeeded();
          await field(page).focus();
          await checkFits(page, name);
          await checkAccessibility(page, name);
          await shoot(page, name);
        }
      });
    }
  }

  test("two questions on one page, for people to look at", async () => {
    const { page } = visitor;
    await page.setViewportSize(DESKTOP);
    await choose(page, "en", "light");
    await page.getByRole("button", { name: "Not now", exact: true }).click();
    await page.getByRole("button", { name: "New conversation" }).first().click();
    await page.waitForURL(`${server.origin}/`);
    for (const [at, question] of PICTURED.entries()) {
      await ask(page, question);
      await answered(page, page.locator(".turn").nth(at).locator(".prov"));
    }
    await page.locator(".scroll").evaluate((view) => view.scrollTo(0, 0));
    await shoot(page, "readme/conversation-light");
    await choose(page, "ar", "dark");
    await field(page).focus();
    await shoot(page, "readme/conversation-ar-dark");
    await choose(page, "fr", "dark");
  });

  test("language and theme are remembered, a new conversation is empty", async () => {
    const { page } = visitor;
    await page.setViewportSize(DESKTOP);
    await page.getByRole("button", { name: "Nouvelle conversation" }).first().click();
    await page.getByRole("heading", { name: "Posez une question" }).waitFor();
    assert.equal(page.url(), `${server.origin}/`);
    await page.reload();
    await page.getByRole("heading", { name: "Posez une question" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await shoot(page, "empty-fr-dark-1440");
  });

  test("somebody is invited, chooses a password, signs out and comes back with it", async () => {
    const { page } = visitor;
    await page.goto(`${server.origin}/people`);
    const texts = await deskWords("fr");
    await page.getByRole("button", { name: texts.people.make }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(texts.people.name, { exact: true }).fill(GUEST);
    await page.keyboard.press("Enter");
    const link = await dialog.getByLabel(texts.people.invitationLabel).inputValue();
    await dialog.getByRole("button", { name: texts.people.done }).click();
    await page.getByRole("rowheader", { name: GUEST }).waitFor();

    const guest = await openPage(browser, server.origin);
    await guest.page.goto(link);
    await field(guest.page).waitFor();
    await guest.page.getByRole("button", { name: "Choose a password" }).click();
    const choice = guest.page.getByRole("dialog", { name: "Choose a password" });
    await choice.getByLabel("New password").fill(GUEST_PASSWORD);
    await choice.getByLabel("New password").press("Enter");
    await choice.waitFor({ state: "detached" });
    await guest.page.getByRole("button", { name: "Settings" }).click();
    const menu = guest.page.getByRole("dialog", { name: "Settings" });
    assert.match(await menu.innerText(), new RegExp(`${GUEST}\\s+Member`, "u"));
    await menu.getByRole("button", { name: "Sign out" }).click();
    await guest.page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
    await guest.page.getByLabel("Name", { exact: true }).fill(GUEST);
    const password = guest.page.getByLabel("Password", { exact: true });
    await password.fill("not this one at all");
    await password.press("Enter");
    await guest.page.getByRole("alert").waitFor();
    assert.match(await guest.page.getByRole("alert").innerText(), /auth\.password_wrong/u);
    await password.fill(GUEST_PASSWORD);
    await password.press("Enter");
    await field(guest.page).waitFor();
    assert.deepEqual(guest.problems, []);
    await guest.context.close();
    // Who has a password gets no other link from who keeps accounts.
    const named = page.getByRole("row", { name: GUEST });
    await named.getByRole("button").click();
    await page.getByRole("menuitem", { name: texts.people.invite }).click();
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").innerText(), /account\.has_password/u);
    await page.getByRole("dialog").getByRole("button", { name: texts.people.done }).click();
  });

  test("the session ends with sign-out", async () => {
    const { page, context } = visitor;
    await page.getByRole("button", { name: "Réglages" }).click();
    await page.getByRole("button", { name: "Se déconnecter" }).click();
    await page.getByRole("heading", { name: "Connectez-vous" }).waitFor();
    const cookies = await context.cookies();
    assert.equal(
      cookies.find(({ name }) => name === "galerne_session"),
      undefined,
    );
  });

  test("the page broke no rule and talked to nobody else", () => {
    assert.deepEqual(visitor.problems, []);
  });
});

/** Waits for the end of an answer. A small model may talk on and on: then it is stopped. */
async function answered(page, line) {
  await line.waitFor({ timeout: 15_000 }).catch(async () => {
    await field(page).focus();
    await page.keyboard.press("Escape");
    await line.waitFor();
  });
}

/** Notes every length that the latest answer has while it grows. */
async function watchLengths(page) {
  await page.evaluate(() => {
    window.lengthsSeen = new Set();
    const note = () => {
      const blocks = [...document.querySelectorAll(".turn:last-child .block")];
      window.lengthsSeen.add(blocks.map(({ textContent }) => textContent).join("").length);
    };
    const options = { childList: true, subtree: true, characterData: true };
    new MutationObserver(note).observe(document.querySelector(".thread"), options);
  });
}

/**
 * Waits until the latest answer begins with this text: no byte of it is lost. Markdown that is
 * not complete yet may end in white space that goes when more of it comes.
 */
async function waitForText(page, start) {
  const begins = (text) => {
    const blocks = [...document.querySelectorAll(".turn:last-child .block")];
    return blocks.map(({ textContent }) => textContent).join("").startsWith(text);
  };
  await page.waitForFunction(begins, start.trimEnd());
}

function latestText(page) {
  return page.evaluate(() => {
    const blocks = [...document.querySelectorAll(".turn:last-child .block")];
    return blocks.map(({ textContent }) => textContent).join("");
  });
}

/**
 * The model may happen to answer in a few words before anybody can stop it, and goes on to do so
 * in a conversation that has such an answer: then another conversation is begun.
 */
async function stopAnAnswer(page, server, stop) {
  const latest = page.locator(".turn:last-child");
  const ended = latest.locator(".ended,.prov").first();
  for (let attempt = 0; attempt < 8; attempt += 1) {
    if (attempt > 0) await beginConversation(page, server);
    const turns = await page.locator(".turn").count();
    await ask(page, LONG);
    await page.locator(".turn").nth(turns).locator(".block").first().waitFor();
    await server.paused(async () => {
      if (!(await ended.isVisible())) await stop().catch(() => undefined);
    });
    await ended.waitFor();
    if ((await latest.locator(".ended").count()) > 0) break;
  }
  assert.match(await latest.locator(".ended").innerText(), /Stopped/u);
  const text = await latestText(page);
  assert.ok(text.trim().length > 0, "the text stays");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await latestText(page), text, "no text arrives after the stop");
  assert.ok(await field(page).evaluate((element) => element === document.activeElement));
}

async function beginConversation(page, server) {
  await page.getByRole("button", { name: "New conversation" }).first().click();
  await page.waitForURL(`${server.origin}/`);
}
