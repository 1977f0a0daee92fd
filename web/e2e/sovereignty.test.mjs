/** The page of the assessment on the stand-in server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import {
  DESKTOP,
  DIST,
  PHONE,
  checkAccessibility,
  checkFits,
  launch,
  openPage,
  shoot,
} from "./browser.mjs";
import { Refused } from "./fake-conversations.mjs";
import { startFakeServer } from "./fake-server.mjs";
import { deskWords } from "./words.mjs";

const HANG_MS = 30_000;
const FAILED_REQUEST = /^Failed to load resource/u;
const ROUTE = "GET /v1/sovereignty/assessment";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Signs somebody in who opens the page by its address. */
async function visit(act, { role = "auditor", ...options } = {}) {
  const server = await startFakeServer({ dist: DIST });
  server.accounts.add("watcher", { role, token: "watching" });
  const { page, context, problems } = await openPage(browser, server.origin, {
    expected: [FAILED_REQUEST],
    ...options,
  });
  try {
    page.setDefaultTimeout(HANG_MS);
    await page.goto(`${server.origin}/sovereignty#token=watching`);
    await act(page, server);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
    await server.close();
  }
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

async function assessed(page) {
  await button(page, "Assess now").click();
  await page.getByRole("heading", { name: "Objectives" }).waitFor();
}

/** Looks at a state on a desktop and on a phone, in both themes, at its beginning and its checks. */
async function look(page, name) {
  await checkAccessibility(page, name);
  for (const [viewport, colorScheme] of [
    [DESKTOP, "dark"],
    [PHONE, "light"],
    [DESKTOP, "light"],
  ]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await checkFits(page, name);
    await shoot(page, `sovereignty/${name}-${colorScheme}-${viewport.width}`);
  }
}

async function lookAt(page, selector, name) {
  await page.locator(selector).first().evaluate((part) => part.scrollIntoView({ block: "start" }));
  await shoot(page, `sovereignty/${name}`);
}

describe("the assessment", () => {
  test("is made when asked for, and says what is proved, assisted, declared and open", async () => {
    await visit(async (page, server) => {
      await page.getByRole("heading", { name: "No assessment yet" }).waitFor();
      await look(page, "empty");
      let release;
      server.assessment.until = new Promise((resolve) => {
        release = resolve;
      });
      await button(page, "Assess now").click();
      await page.getByRole("status").getByText("Assessing").waitFor();
      await look(page, "assessing");
      release();
      await page.getByRole("heading", { name: "Objectives" }).waitFor();
      await page.getByRole("status").getByText("The assessment is ready").waitFor();
      assert.equal(await page.locator(".objective").count(), 8);
      const text = await page.locator("main").innerText();
      assert.doesNotMatch(text.toLowerCase(), /certified/u);
      for (const word of ["Proved alone", "With assisted", "With declared", "Not measured"]) {
        assert.ok(text.includes(word), word);
      }
      await look(page, "report");
      await lookAt(page, ".checks", "checks-light-1440");
      await page.setViewportSize(PHONE);
      await lookAt(page, ".objectives", "objectives-light-390");
      await lookAt(page, ".checks", "checks-light-390");
    });
  });

  test("is walked by keyboard: a text is chosen, a group opened, the report saved", async () => {
    await visit(async (page) => {
      await assessed(page);
      const failed = page.locator(".check-group").first();
      assert.match(await failed.locator("summary").innerText(), /Failed/u);
      const all = await page.locator(".check").count();
      await page.getByRole("button", { name: /Sort by a text/u }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("option", { name: /SecNumCloud/u }).waitFor();
      await page.keyboard.type("SecNum");
      await page.keyboard.press("Enter");
      await page.getByText("A criterion asks for more than its checks can see.").waitFor();
      assert.ok((await page.locator(".check").count()) < all);
      assert.ok((await page.locator(".criterion").count()) > 3);
      await checkAccessibility(page, "the criteria");
      await lookAt(page, ".checks", "criteria-light-1440");
      const passed = page.locator("details", { hasText: "Passed" }).last();
      assert.equal(await passed.evaluate((group) => group.open), false);
      await passed.locator("summary").focus();
      await page.keyboard.press("Enter");
      assert.equal(await passed.evaluate((group) => group.open), true);
      const saving = page.waitForEvent("download");
      await button(page, "Save the report").press("Enter");
      assert.equal((await saving).suggestedFilename(), "sovereignty.json");
    });
  });

  test("shows knock-outs first, and each level that a tender asks for", async () => {
    await visit(async (page, server) => {
      server.assessment.conclusion = "knock-out";
      server.assessment.knock_outs = ["log.verified"];
      server.assessment.tender = "Hospital 2027";
      await assessed(page);
      await page.getByText("The whole log is what was signed and witnessed").first().waitFor();
      await page.getByText("Hospital 2027").waitFor();
      await look(page, "knock-out");
    });
  });

  test("says why there is none", async () => {
    await visit(async (page, server) => {
      const hint = "wait for the seconds in Retry-After, then ask again";
      const message = "another assessment is being made";
      server.accounts.faults.set(ROUTE, new Refused(409, "assessment.running", { message, hint }));
      await button(page, "Assess now").click();
      await page.getByRole("alert").waitFor();
      assert.match(await page.getByRole("alert").innerText(), /assessment\.running/u);
      await look(page, "running-elsewhere");
      server.accounts.faults.clear();
      await button(page, "Try again").click();
      await page.getByRole("heading", { name: "Objectives" }).waitFor();
    });
  });

  test("is not for who may not read the log, and their menu does not name it", async () => {
    await visit(
      async (page) => {
        await button(page, "Settings").click();
        const menu = page.getByRole("dialog", { name: "Settings" });
        await menu.waitFor();
        assert.equal(await menu.getByText("Sovereignty").count(), 0);
        await page.keyboard.press("Escape");
        await button(page, "Assess now").click();
        await page.getByRole("heading", { name: "You may not assess the deployment" }).waitFor();
        await look(page, "denied");
      },
      { role: "member" },
    );
  });

  test("is reached from the menu and kept while one goes elsewhere", async () => {
    await visit(
      async (page) => {
        await assessed(page);
        await button(page, "Settings").click();
        await page.getByRole("link", { name: "People" }).click();
        await page.getByRole("table").waitFor();
        await button(page, "Settings").click();
        await page.getByRole("link", { name: "Sovereignty" }).click();
        await page.getByRole("heading", { name: "Objectives" }).waitFor();
        assert.equal(new URL(page.url()).pathname, "/sovereignty");
      },
      { role: "owner" },
    );
  });
});

for (const [language, locale] of [
  ["fr", "fr-FR"],
  ["ar", "ar-EG"],
  ["hi", "hi-IN"],
]) {
  test(`the assessment in ${language}`, async () => {
    const { sovereignty: words } = await deskWords(language);
    await visit(
      async (page) => {
        await button(page, words.assess).click();
        await page.getByRole("heading", { name: words.objectives }).waitFor();
        await look(page, `report-${language}`);
        await lookAt(page, ".checks", `checks-${language}-light-1440`);
        await page.setViewportSize(PHONE);
        await lookAt(page, ".objectives", `objectives-${language}-light-390`);
        await lookAt(page, ".check-group", `checks-${language}-light-390`);
      },
      { locale },
    );
  });
}
