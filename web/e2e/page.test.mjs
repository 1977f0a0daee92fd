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

const SHORT = "Explain in two sentences why the sky is blue.";
const LONG = "Write a very long story about a lighthouse keeper, with many chapters.";

describe("the page on a real server", { skip: missing }, () => {
  let server;
  let browser;
  let visitor;

  before(async () => {
    server = await startServer();
    browser = await launch();
    visitor = await openPage(browser, server.origin);
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
      "Ouvrez votre lien",
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
    await ask(page, SHORT);
    const line = page.locator(".prov");
    await line.waitFor();
    const lengths = await page.evaluate(() => [...window.lengthsSeen]);
    const grown = lengths.filter((length) => length > 0);
    assert.ok(grown.length >= 2, `the text grew in steps: ${lengths}`);
    const text = (await line.innerText()).replace(/\s+/gu, " ");
    assert.match(text, /This server/u);
    assert.match(text, /[\d.,]+ (?:J|Wh) (?:measured|modelled|estimated), ± \d+%/u);
    assert.match(text, /[\d.,]+ (?:µg|mg|g) CO2e (?:measured|modelled|estimated), ± \d+%/u);
    assert.match(text, /\d+ tokens?/u);
  });

  test("Escape stops and the text stays", async () => {
    const { page } = visitor;
    await stopAnAnswer(page, () => page.keyboard.press("Escape"));
  });

  test("the button stops and the text stays", async () => {
    const { page } = visitor;
    await stopAnAnswer(page, () =>
      page.getByRole("button", { name: "Stop" }).click({ timeout: 2000 }),
    );
    await field(page).fill("next");
    assert.ok(await page.getByRole("button", { name: "Send" }).isVisible());
    await field(page).fill("");
  });

  for (const [language, theme, themeName] of [
    ["English", "light", "Light"],
    ["English", "dark", "Dark"],
    ["Français", "light", "Clair"],
    ["Français", "dark", "Sombre"],
  ]) {
    test(`${language}, ${theme}: accessible and fitting at every width`, async () => {
      const { page } = visitor;
      await page.setViewportSize(DESKTOP);
      const settings = page.getByRole("button", { name: /^(?:Settings|Réglages)$/u });
      await settings.click();
      await page.getByText(language, { exact: true }).click();
      await page.getByText(themeName, { exact: true }).click();
      await checkAccessibility(page, `the settings in ${language}, ${theme}`);
      await page.keyboard.press("Escape");
      const tag = language === "English" ? "en" : "fr";
      assert.equal(await page.evaluate(() => document.documentElement.lang), tag);
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
      for (const viewport of [DESKTOP, PHONE, NARROW]) {
        const name = `conversation-${tag}-${theme}-${viewport.width}`;
        await page.setViewportSize(viewport);
        await page.locator(".prov").first().scrollIntoViewIfNeeded();
        await field(page).focus();
        await checkFits(page, name);
        await checkAccessibility(page, name);
        await shoot(page, name);
      }
    });
  }

  test("language and theme are remembered, a new conversation is empty", async () => {
    const { page } = visitor;
    await page.setViewportSize(DESKTOP);
    await page.getByRole("button", { name: "Nouvelle conversation" }).click();
    await page.getByRole("heading", { name: "Posez une question" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Posez une question" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    await shoot(page, "empty-fr-dark-1440");
  });

  test("the session ends with sign-out", async () => {
    const { page, context } = visitor;
    await page.getByRole("button", { name: "Réglages" }).click();
    await page.getByRole("button", { name: "Se déconnecter" }).click();
    await page.getByRole("heading", { name: "Ouvrez votre lien" }).waitFor();
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

function latestText(page) {
  return page.evaluate(() => {
    const blocks = [...document.querySelectorAll(".turn:last-child .block")];
    return blocks.map(({ textContent }) => textContent).join("");
  });
}

/** The model may happen to answer in a few words before anybody can stop it: then ask again. */
async function stopAnAnswer(page, stop) {
  const latest = page.locator(".turn:last-child");
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const turns = await page.locator(".turn").count();
    await ask(page, LONG);
    await page.locator(".turn").nth(turns).locator(".block").first().waitFor();
    await stop().catch(() => undefined);
    await latest.locator(".ended,.prov").first().waitFor();
    if ((await latest.locator(".ended").count()) > 0) break;
  }
  assert.match(await latest.locator(".ended").innerText(), /Stopped by you/u);
  const text = await latestText(page);
  assert.ok(text.trim().length > 0, "the text stays");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(await latestText(page), text, "no text arrives after the stop");
  assert.ok(await field(page).evaluate((element) => element === document.activeElement));
}
