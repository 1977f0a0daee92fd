/** The page of holds and erasures, and what of it stands with the people, on the stand-in server. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
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
import { protectionWords } from "./words.mjs";

const HANG_MS = 30_000;
const FAILED_REQUEST = /^Failed to load resource/u;
const ANNE = "anne@ministere.example";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Somebody of a role opens a page by its address. */
async function visit(act, { role = "data_officer", path = "/data-protection", prepare, ...options } = {}) {
  const server = await startFakeServer({ dist: DIST });
  server.accounts.add(ANNE);
  server.accounts.add("ci", { kind: "service", role: "developer" });
  server.accounts.add("me", { role, token: "arriving" });
  prepare?.(server);
  const { page, context, problems } = await openPage(browser, server.origin, {
    expected: [FAILED_REQUEST],
    ...options,
  });
  try {
    page.setDefaultTimeout(HANG_MS);
    await page.goto(`${server.origin}${path}#token=arriving`);
    await act(page, server);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
    await server.close();
  }
}

function seedAll({ protection }) {
  const lifted_at = "2026-11-22T08:00:00Z";
  protection.seedHold({ reason: "audit", reference: "Yearly audit 2025", lifted_at });
  protection.seedHold({ account: ANNE, reason: "litigation", reference: "RG 26/01234" });
  protection.seedErasure({});
  protection.finish();
  protection.seedErasure({ reason: "request_of_person", ordered_by: "operator" });
}

const button = (scope, name) => scope.getByRole("button", { name, exact: true });
const toast = (page, text) => page.getByRole("region", { name: "Notices" }).getByText(text);
const box = (scope) => scope.getByRole("combobox", { name: "Whose account" });

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
    await shoot(page, `data-protection/${name}-${colorScheme}-${viewport.width}`);
  }
}

async function choose(page, scope, typed) {
  await box(scope).fill(typed);
  await page.getByRole("option", { name: new RegExp(typed, "u") }).click();
}

async function saved(page, act) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}

describe("a hold", () => {
  test("is placed on one account, then lifted, and stays in the list", async () => {
    await visit(async (page) => {
      await page.getByText("There has been no hold.").waitFor();
      await page.getByText("Nobody has been erased.").waitFor();
      await look(page, "empty");
      await button(page, "Place a hold").click();
      const dialog = page.getByRole("dialog", { name: "Place a legal hold" });
      await button(dialog, "Place the hold").click();
      await dialog.getByText("Choose an account.").waitFor();
      await dialog.getByText(/^Type the reference of the case/u).waitFor();
      await look(page, "hold-missing");
      await choose(page, dialog, "anne");
      await dialog.getByText("An investigation").click();
      await dialog.getByLabel("Reference of the case").fill("RG 26/01234");
      await button(dialog, "Place the hold").click();
      await toast(page, "The hold is in force").waitFor();
      const row = page.getByRole("row", { name: /RG 26\/01234/u });
      assert.match(await row.innerText(), /anne@ministere\.example\s+An investigation/u);
      await button(row, "Lift… \u2068RG 26/01234\u2069").click();
      await look(page, "lift");
      await button(page.getByRole("alertdialog"), "Lift the hold").click();
      await toast(page, "The hold is lifted").waitFor();
      await row.getByText(/^Lifted on/u).waitFor();
      assert.equal(await row.getByRole("button").count(), 0);
    });
  });

  test("over everything of the organisation needs no account", async () => {
    await visit(async (page) => {
      await button(page, "Place a hold").click();
      const dialog = page.getByRole("dialog", { name: "Place a legal hold" });
      await dialog.getByText("Everything of the organisation").click();
      assert.equal(await box(dialog).count(), 0);
      await dialog.getByLabel("Reference of the case").fill("Authority 7");
      await dialog.getByLabel("Reference of the case").press("Enter");
      await toast(page, "The hold is in force").waitFor();
      const row = page.getByRole("row", { name: /Authority 7/u });
      assert.match(await row.innerText(), /Everything of the organisation/u);
    });
  });

  test("that somebody else lifted meanwhile says so", async () => {
    await visit(
      async (page, server) => {
        const row = page.getByRole("row", { name: /RG 26/u });
        await row.getByRole("button").click();
        server.held.lifted_at = new Date().toISOString();
        const dialog = page.getByRole("alertdialog");
        await button(dialog, "Lift the hold").click();
        await dialog.getByText("This hold is no longer in force.").waitFor();
        await dialog.getByText("hold.unknown").waitFor();
      },
      {
        prepare: (server) => {
          const hold = { account: ANNE, reason: "litigation", reference: "RG 26/01234" };
          server.held = server.protection.seedHold(hold);
        },
      },
    );
  });
});

describe("an erasure", () => {
  test("says what follows, asks for the name, and ends with a certificate", async () => {
    await visit(async (page, server) => {
      await button(page, "Erase a person…").click();
      const dialog = page.getByRole("dialog", { name: "Erase a person" });
      await dialog.getByText("This cannot be undone, by nobody").waitFor();
      await button(dialog, "Erase for good").click();
      await dialog.getByText("Choose an account.").waitFor();
      await choose(page, dialog, "anne");
      const name = dialog.getByLabel(/^Type .*anne.* to confirm$/u);
      await name.fill("anne");
      await button(dialog, "Erase for good").click();
      await dialog.getByText("This is not the name of the account.").waitFor();
      assert.ok(server.accounts.named(ANNE) !== undefined, "nothing was erased");
      await look(page, "erase");
      await name.fill(ANNE);
      await button(dialog, "Erase for good").click();
      const done = page.getByRole("dialog", { name: "The person is erased" });
      await done.getByText(/questions and answers\s+340/u).waitFor();
      assert.equal(await done.getByText("API keys").count(), 0, "what was not there is not told");
      await look(page, "erased");
      const { name: file, text } = await saved(page, () => button(done, "Save the certificate").click());
      assert.match(text, /^galerne erasure v1\n/u);
      assert.ok((await done.locator("code").last().innerText()).includes(`galerne-verify erasure ${file} `));
      await button(done, "Close").last().click();
      assert.equal(server.accounts.named(ANNE), undefined);
      const row = page.locator(".folded > li");
      assert.match(await row.innerText(), /Erasure of 23 Nov 2026/u);
      await row.locator("summary").press("Enter");
      await button(row, "Save the certificate").waitFor();
      await look(page, "certificate");
      await button(page, "Erase a person…").click();
      await box(page).fill("anne");
      await page.getByText("No account has this in its name.").waitFor();
    });
  });

  test("goes on by itself while one waits, and is told when it is done", async () => {
    await visit(
      async (page, server) => {
        await button(page, "Erase a person…").click();
        const dialog = page.getByRole("dialog", { name: "Erase a person" });
        await choose(page, dialog, "ci");
        await dialog.getByLabel(/to confirm$/u).fill("ci");
        await dialog.getByLabel(/to confirm$/u).press("Enter");
        const running = page.getByRole("dialog", { name: "The erasure is under way" });
        await running.getByText("The certificate is made once").waitFor();
        assert.equal(await button(running, "Save the certificate").count(), 0);
        await look(page, "under-way");
        server.protection.finish();
        const done = page.getByRole("dialog", { name: "The person is erased" });
        await button(done, "Save the certificate").waitFor();
        await page.getByRole("status").getByText("The person is erased").waitFor();
      },
      { prepare: ({ protection }) => Object.assign(protection, { isSlow: true }) },
    );
  });

  test("is not offered while a hold forbids it, and the hold is named", async () => {
    await visit(
      async (page) => {
        await look(page, "all");
        await button(page, "Erase a person…").click();
        const dialog = page.getByRole("dialog", { name: "Erase a person" });
        await choose(page, dialog, "anne");
        await dialog.getByText(/The hold .*RG 26\/01234.* covers this account/u).waitFor();
        assert.ok(await button(dialog, "Erase for good").isDisabled());
        await look(page, "held");
        await choose(page, dialog, "ci");
        await dialog.getByLabel(/to confirm$/u).waitFor();
        assert.ok(await button(dialog, "Erase for good").isEnabled());
      },
      { prepare: seedAll },
    );
  });

  test("that the server refuses says why, with its code", async () => {
    await visit(async (page, server) => {
      await button(page, "Erase a person…").click();
      const dialog = page.getByRole("dialog", { name: "Erase a person" });
      await choose(page, dialog, "anne");
      await dialog.getByLabel(/to confirm$/u).fill(ANNE);
      server.protection.seedHold({ reason: "authority", reference: "Placed just now" });
      await button(dialog, "Erase for good").click();
      await dialog.getByText("A legal hold is in force, so nothing may be removed.").waitFor();
      await dialog.getByText("hold.in_force").waitFor();
      await dialog.getByText(/The hold .*Placed just now/u).waitFor();
    });
  });
});

describe("from the people", () => {
  test("an owner holds one account, and erases another", async () => {
    await visit(
      async (page, server) => {
        await page.getByRole("table").waitFor();
        await page.getByRole("row", { name: /anne/u }).getByRole("button").click();
        await look(page, "people-menu");
        await page.getByRole("menuitem", { name: "Place a hold…" }).click();
        const hold = page.getByRole("dialog", { name: /Legal hold for .*anne/u });
        await hold.getByLabel("Reference of the case").fill("RG 26/01234");
        await button(hold, "Place the hold").click();
        await toast(page, "The hold is in force").waitFor();
        await page.getByRole("row", { name: /anne/u }).getByRole("button").click();
        await page.getByRole("menuitem", { name: "Erase for good…" }).click();
        await page.getByText(/The hold .*RG 26\/01234.* covers this account/u).waitFor();
        await button(page, "Cancel").click();
        await page.getByRole("row", { name: /^ci/u }).getByRole("button").click();
        await page.getByRole("menuitem", { name: "Erase for good…" }).click();
        const erase = page.getByRole("dialog", { name: /Erase .*ci/u });
        await erase.getByLabel(/to confirm$/u).fill("ci");
        await button(erase, "Erase for good").click();
        await page.getByRole("dialog", { name: "The person is erased" }).waitFor();
        assert.equal(server.accounts.named("ci"), undefined);
        await button(page.getByRole("dialog"), "Close").last().click();
        await page.getByRole("row", { name: /^ci/u }).waitFor({ state: "detached" });
      },
      { role: "owner", path: "/people" },
    );
  });

  test("an administrator is not offered it", async () => {
    await visit(
      async (page) => {
        await page.getByRole("row", { name: /anne/u }).getByRole("button").click();
        await page.getByRole("menuitem", { name: "Disable…" }).waitFor();
        assert.equal(await page.getByRole("menuitem", { name: "Erase for good…" }).count(), 0);
      },
      { role: "admin", path: "/people" },
    );
  });
});

describe("whoever may not", () => {
  for (const role of ["auditor", "member"]) {
    test(`as the ${role} reads why, and asks the server nothing`, async () => {
      await visit(
        async (page) => {
          await page.getByRole("heading", { name: "You may not protect data" }).waitFor();
          await look(page, `denied-${role}`);
          await button(page, "Settings").click();
          const menu = page.getByRole("dialog", { name: "Settings" });
          await menu.waitFor();
          assert.equal(await menu.getByText("Data protection", { exact: true }).count(), 0);
        },
        { role },
      );
    });
  }

  test("is told where lists cannot be read, and tries again", async () => {
    await visit(
      async (page, server) => {
        await page.getByRole("alert").first().waitFor();
        await look(page, "failed");
        server.accounts.faults.clear();
        for (const name of ["Legal holds", "Erasures"]) {
          await button(page.getByRole("region", { name }), "Try again").click();
        }
        await page.getByText("There has been no hold.").waitFor();
        await page.getByText("Nobody has been erased.").waitFor();
      },
      {
        prepare: ({ accounts }) => {
          for (const route of ["GET /v1/holds", "GET /v1/erasures"]) {
            accounts.faults.set(route, new Refused(503, "audit.unavailable"));
          }
        },
      },
    );
  });
});

for (const [language, locale] of [
  ["fr", "fr-FR"],
  ["ar", "ar-EG"],
  ["hi", "hi-IN"],
]) {
  test(`holds and erasures in ${language}`, async () => {
    const { hold, erasure } = await protectionWords(language);
    await visit(
      async (page) => {
        await page.getByRole("table").waitFor();
        await page.locator(".folded summary").last().click();
        await look(page, `all-${language}`);
        await button(page, hold.place).click();
        await look(page, `hold-${language}`);
        await page.keyboard.press("Escape");
        await page.getByRole("dialog").waitFor({ state: "detached" });
        await button(page, `${erasure.erase}…`).click();
        await page.getByRole("combobox").fill("ci");
        await page.getByRole("option", { name: /ci/u }).click();
        await look(page, `erase-${language}`);
      },
      { locale, prepare: seedAll },
    );
  });
}
