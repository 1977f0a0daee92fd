/** Passwords, people and keys on the stand-in server. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import {
  DESKTOP,
  DIST,
  PHONE,
  checkAccessibility,
  checkFits,
  field,
  launch,
  openPage,
  shoot,
} from "./browser.mjs";
import { OWNER_PASSWORD } from "./fake-accounts.mjs";
import { Refused } from "./fake-conversations.mjs";
import { startFakeServer } from "./fake-server.mjs";

const HANG_MS = 30_000;
const FAILED_REQUEST = /^Failed to load resource/u;
const NEW_PASSWORD = "seven slow trams at dusk";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Runs `act` on a page of a server of its own. */
async function visit(act, options = {}) {
  const server = await startFakeServer({ dist: DIST });
  const { page, context, problems } = await openPage(browser, server.origin, {
    expected: [FAILED_REQUEST],
    ...options,
  });
  try {
    page.setDefaultTimeout(HANG_MS);
    await act(page, server, context);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
    await server.close();
  }
}

const button = (scope, name) => scope.getByRole("button", { name, exact: true });

const toast = (page, text) => page.getByRole("region", { name: "Notices" }).getByText(text);

/** Looks at a state as it is on a desktop and on a phone, in both themes. */
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
    await shoot(page, `accounts/${name}-${colorScheme}-${viewport.width}`);
  }
}

async function signIn(scope, name, password) {
  await scope.getByLabel("Name", { exact: true }).fill(name);
  await scope.getByLabel("Password", { exact: true }).fill(password);
  await scope.getByLabel("Password", { exact: true }).press("Enter");
}

async function openMenu(page) {
  await button(page, "Settings").click();
  return page.getByRole("dialog", { name: "Settings" });
}

describe("signing in with a password", () => {
  test("says what is missing, what is wrong and how long to wait", async () => {
    await visit(async (page, server) => {
      await page.goto(server.origin);
      const password = page.getByLabel("Password", { exact: true });
      await password.press("Enter");
      await page.getByText("Type your name first.").waitFor();
      await page.getByText("Type your password first.").waitFor();
      await look(page, "sign-in-missing");
      assert.equal(await password.getAttribute("autocomplete"), "current-password");
      await password.fill("seen");
      await button(page, "Show what is typed").click();
      assert.equal(await password.getAttribute("type"), "text");
      const toggle = button(page, "Show what is typed");
      assert.equal(await toggle.getAttribute("aria-pressed"), "true");
      await signIn(page, "owner", "something else");
      await page.getByRole("alert").waitFor();
      assert.match(await page.getByRole("alert").innerText(), /password is wrong.*password_wrong/su);
      assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "owner");
      assert.equal(await password.inputValue(), "");
      await look(page, "sign-in-wrong");
      await signIn(page, "locked", "something else");
      await page.getByText("Wait 14 minutes, then try again.").waitFor();
      await look(page, "sign-in-wait");
      await signIn(page, "owner", OWNER_PASSWORD);
      await field(page).waitFor();
      assert.equal(await page.getByText("You came in with a link").count(), 0);
      const menu = await openMenu(page);
      assert.match(await menu.innerText(), /owner\s+Owner/u);
      await look(page, "menu");
    });
  });

  test("in Arabic, on a phone", async () => {
    await visit(
      async (page, server) => {
        await page.goto(server.origin);
        await page.getByRole("heading", { level: 1 }).waitFor();
        await checkAccessibility(page, "sign-in in Arabic");
        await shoot(page, "accounts/sign-in-ar-dark-390");
        await page.goto(server.link);
        await field(page).waitFor();
        await page.getByRole("button", { name: "الإعدادات" }).click();
        await checkAccessibility(page, "the menu in Arabic");
        await shoot(page, "accounts/menu-ar-dark-390");
      },
      { locale: "ar-EG", colorScheme: "dark", viewport: PHONE },
    );
  });

  test("again over the page keeps what was typed, and knows the name", async () => {
    await visit(async (page, server) => {
      await page.goto(server.link);
      await field(page).waitFor();
      server.accounts.endSessions();
      await field(page).fill("half a thought");
      const dialog = page.getByRole("dialog", { name: "Sign in again" });
      await dialog.waitFor();
      assert.equal(await dialog.getByLabel("Name", { exact: true }).inputValue(), "owner");
      await page.waitForFunction(() => document.activeElement?.type === "password");
      await look(page, "sign-in-again");
      await page.keyboard.type(OWNER_PASSWORD);
      await page.keyboard.press("Enter");
      await dialog.waitFor({ state: "detached" });
      assert.equal(await field(page).inputValue(), "half a thought");
    });
  });

  test("as somebody else begins a new page, with nothing of the one before", async () => {
    await visit(async (page, server) => {
      server.accounts.add("bela", { password: "nine green bottles here" });
      const sent = [];
      await page.goto(server.link);
      await field(page).waitFor();
      await page.goto(`${server.origin}/?find=minutes`);
      await field(page).waitFor();
      server.accounts.endSessions();
      await field(page).fill("a secret of the owner");
      const dialog = page.getByRole("dialog", { name: "Sign in again" });
      await dialog.waitFor();
      page.on("request", (request) => sent.push(request.postData() ?? ""));
      await signIn(dialog, "bela", "nine green bottles here");
      await page.waitForURL(`${server.origin}/`);
      await field(page).waitFor();
      assert.equal(await field(page).inputValue(), "");
      const stored = await page.evaluate(() => JSON.stringify(localStorage));
      assert.doesNotMatch(stored, /secret/u);
      assert.ok(!sent.some((body) => body.includes("secret")));
      const menu = await openMenu(page);
      assert.match(await menu.innerText(), /bela\s+Member/u);
    });
  });

  test("as somebody else in another tab does the same", async () => {
    await visit(async (page, server, context) => {
      server.accounts.add("bela", { password: "nine green bottles here" });
      await page.goto(server.link);
      await field(page).waitFor();
      const draft = "PUT /v1/conversations/new/draft";
      server.accounts.faults.set(draft, new Refused(503, "store.unavailable"));
      await field(page).fill("a secret of the owner");
      await page.evaluate(() => (window.isOwners = true));
      const other = await context.newPage();
      await other.goto(server.origin);
      await button(other, "Settings").click();
      await button(other, "Sign out").click();
      await other.getByRole("heading", { name: "Sign in" }).waitFor();
      const sent = [];
      server.accounts.faults.clear();
      page.on("request", (request) => sent.push(request.postData() ?? ""));
      await signIn(other, "bela", "nine green bottles here");
      await field(other).waitFor();
      await page.waitForFunction(() => window.isOwners === undefined);
      await field(page).waitFor();
      assert.equal(await field(page).inputValue(), "");
      assert.ok(!sent.some((body) => body.includes("secret")));
      const menu = await openMenu(page);
      assert.match(await menu.innerText(), /bela\s+Member/u);
    });
  });
});

describe("a password", () => {
  test("is offered to who came by a link, and chosen", async () => {
    await visit(async (page, server, context) => {
      server.accounts.add("bela", { role: "developer", token: "invited" });
      await page.goto(`${server.origin}/#token=invited`);
      await field(page).waitFor();
      await page.getByText("You came in with a link").waitFor();
      await look(page, "password-notice");
      await button(page, "Choose a password").click();
      const dialog = page.getByRole("dialog", { name: "Choose a password" });
      await dialog.waitFor();
      assert.equal(await dialog.getByLabel("Current password").count(), 0);
      await page.keyboard.type("too short");
      await page.keyboard.press("Enter");
      await dialog.getByText("This is 9 characters long. At least 15 are needed.").waitFor();
      await look(page, "password-short");
      await dialog.getByLabel("New password").fill("aaaaaaaaaaaaaaaaaaaa");
      await button(dialog, "Save the password").click();
      await dialog.getByText("is guessed first").waitFor();
      await dialog.getByLabel("New password").fill(NEW_PASSWORD);
      await button(dialog, "Save the password").click();
      await dialog.waitFor({ state: "detached" });
      await page.getByText("You came in with a link").waitFor({ state: "detached" });
      await context.clearCookies();
      await page.reload();
      await signIn(page, "bela", NEW_PASSWORD);
      await field(page).waitFor();
    });
  });

  test("is changed from the menu, with the one before", async () => {
    await visit(async (page, server) => {
      await page.goto(server.link);
      await field(page).waitFor();
      await button(await openMenu(page), "Change the password").click();
      const dialog = page.getByRole("dialog", { name: "Change the password" });
      await dialog.getByLabel("Current password").fill("not this one");
      await dialog.getByLabel("New password").fill(NEW_PASSWORD);
      await dialog.getByLabel("New password").press("Enter");
      await dialog.getByText("This is not your current password.").waitFor();
      await look(page, "password-change");
      await dialog.getByLabel("Current password").fill(OWNER_PASSWORD);
      await dialog.getByLabel("New password").press("Enter");
      await dialog.waitFor({ state: "detached" });
      await toast(page, "Your password is saved.").waitFor();
      assert.equal(await page.getByRole("dialog").count(), 0);
    });
  });
});

async function openPeople(page, server) {
  await page.goto(server.link);
  await field(page).waitFor();
  await (await openMenu(page)).getByRole("link", { name: "People" }).click();
  await page.getByRole("table", { name: "People" }).waitFor();
}

async function deed(page, account, name) {
  await button(page, `Actions for \u2068${account}\u2069`).click();
  await page.getByRole("menuitem", { name }).click();
}

describe("people", () => {
  test("are made, given roles, disabled and enabled", async () => {
    await visit(async (page, server, context) => {
      await openPeople(page, server);
      assert.equal(page.url(), `${server.origin}/people`);
      assert.equal(await page.title(), "\u2068People\u2069 · Galerne");
      await page.getByText("Nobody else has an account yet.").waitFor();
      await look(page, "people-alone");
      await button(page, "Make an account").click();
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await page.keyboard.press("Enter");
      await dialog.getByText("Type a name first.").waitFor();
      await look(page, "people-make");
      await dialog.getByLabel("Name", { exact: true }).fill("Anne Dupont");
      await page.keyboard.press("Enter");
      await dialog.getByText("is not the name of an account").waitFor();
      await dialog.getByLabel("Name", { exact: true }).fill("anne.dupont@ministry.example");
      await page.keyboard.press("Enter");
      const link = dialog.getByLabel("Invitation link");
      await link.waitFor();
      await dialog.getByText("once, within 10 minutes").waitFor();
      const address = await link.inputValue();
      assert.match(address, new RegExp(`^${server.origin}/#token=\\w+$`, "u"));
      await look(page, "people-invitation");
      await button(dialog, "Copy the link").click();
      await button(dialog, "Copied").waitFor();
      await button(dialog, "Done").click();
      await dialog.waitFor({ state: "detached" });

      const guest = await openPage(browser, server.origin, { expected: [FAILED_REQUEST] });
      await guest.page.goto(address);
      await field(guest.page).waitFor();
      const menu = await openMenu(guest.page);
      assert.match(await menu.innerText(), /anne\.dupont@ministry\.example\s+Member/u);
      assert.equal(await menu.getByRole("link").count(), 0);
      await guest.context.close();

      await deed(page, "anne.dupont@ministry.example", "Change the role…");
      await page.getByText("Reads the log, protects data and asks.").click();
      await look(page, "people-role");
      await button(page, "Give this role").click();
      const row = page.getByRole("row", { name: /anne\.dupont/u });
      await row.getByText("Data protection officer").waitFor();
      await deed(page, "anne.dupont@ministry.example", "Disable…");
      const question = page.getByRole("alertdialog");
      await question.waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.textContent), "Leave it enabled");
      await look(page, "people-disable");
      await button(question, "Disable the account").click();
      await row.getByText(/Disabled since/u).waitFor();
      await look(page, "people");
      await deed(page, "anne.dupont@ministry.example", "Enable");
      await row.getByText("Enabled", { exact: true }).waitFor();
      assert.equal((await context.cookies()).length, 1);
    });
  });

  test("with a password get no link, and programs a key", async () => {
    await visit(async (page, server) => {
      server.accounts.add("bela", { password: "nine green bottles here" });
      await openPeople(page, server);
      await deed(page, "bela", "Make an invitation link");
      await page.getByRole("alert").waitFor();
      assert.match(await page.getByRole("alert").innerText(), /has a password.*has_password/su);
      await look(page, "people-has-password");
      await button(page, "Done").click();
      await button(page, "Make an account").click();
      await page.getByLabel("Name", { exact: true }).fill("bela");
      await page.getByText("Program", { exact: true }).click();
      await page.getByLabel("Name", { exact: true }).press("Enter");
      await page.getByText("There is an account of this name already.").waitFor();
      await page.getByLabel("Name", { exact: true }).fill("ci");
      await page.getByLabel("Name", { exact: true }).press("Enter");
      await page.getByText("galerne key create --account").waitFor();
      await look(page, "people-program");
    });
  });

  test("of other roles are out of an admin's hands", async () => {
    await visit(async (page, server) => {
      server.accounts.add("adam", { role: "admin", password: "a", token: "admin" });
      server.accounts.add("mia", { role: "member" });
      await page.goto(`${server.origin}/people#token=admin`);
      await page.getByRole("table", { name: "People" }).waitFor();
      assert.equal(await page.getByRole("button", { name: /^Actions for/u }).count(), 1);
      await button(page, "Make an account").click();
      const roles = page.getByRole("radiogroup", { name: "Role" }).getByRole("radio");
      assert.equal(await roles.count(), 2);
    });
  });

  test("are not shown to who may not see them, nor where the server is away", async () => {
    await visit(async (page, server) => {
      server.accounts.add("mia", { role: "member", password: "m", token: "member" });
      await page.goto(`${server.origin}/people#token=member`);
      await page.getByRole("heading", { name: "You may not see the accounts" }).waitFor();
      assert.equal(await page.getByRole("dialog").count(), 0);
      await look(page, "people-denied");
      server.accounts.addToken("owner-again");
      server.accounts.faults.set("GET /v1/accounts", new Refused(503, "store.unavailable"));
      await page.goto(`${server.origin}/people#token=owner-again`);
      await page.waitForURL(`${server.origin}/`);
      await field(page).waitFor();
      await page.goto(`${server.origin}/people`);
      await page.getByRole("alert").waitFor();
      await look(page, "people-failed");
      server.accounts.faults.clear();
      await button(page, "Try again").click();
      await page.getByRole("table", { name: "People" }).waitFor();
    });
  });

  for (const [language, locale] of [
    ["ar", "ar-EG"],
    ["fr", "fr-FR"],
    ["hi", "hi-IN"],
  ]) {
    test(`in ${language}`, async () => {
      await visit(
        async (page, server) => {
          server.accounts.add("anne.dupont@ministry.example", { role: "data_officer" });
          server.accounts.add("ci", { role: "developer", kind: "service" });
          await page.goto(`${server.origin}/people#token=first`);
          await page.locator(".table").waitFor();
          await look(page, `people-${language}`);
          await page.locator(".desk-head .btn").click();
          await page.getByRole("dialog").waitFor();
          await look(page, `people-make-${language}`);
        },
        { locale },
      );
    });
  }
});

describe("keys", () => {
  test("are made, shown once and revoked", async () => {
    await visit(async (page, server) => {
      await page.goto(server.link);
      await field(page).waitFor();
      await page.keyboard.press("Control+K");
      await page.getByRole("dialog").locator("input").waitFor();
      await page.keyboard.type("API keys");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "No key yet" }).waitFor();
      assert.equal(page.url(), `${server.origin}/keys`);
      await look(page, "keys-empty");
      await button(page, "Make a key").click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Days until it ends").fill("never");
      await button(dialog, "Make the key").click();
      await dialog.getByText("Say what the key is for.").waitFor();
      await dialog.getByText("Type a whole number from 1 to 3650, or nothing.").waitFor();
      await look(page, "keys-make");
      await dialog.getByLabel("What is it for?").fill("pipeline");
      await dialog.getByText("Read and write your conversations").click();
      await dialog.getByLabel("Days until it ends").fill("30");
      await button(dialog, "Make the key").click();
      const made = page.getByRole("alertdialog", { name: "Your key" });
      const key = await made.getByLabel("Key", { exact: true }).inputValue();
      assert.match(key, /^glr_live_\w+$/u);
      await look(page, "keys-made");
      await page.keyboard.press("Escape");
      assert.equal(await made.count(), 1, "the key is not lost by a key press");
      await button(made, "I have kept it").click();
      const row = page.getByRole("row", { name: /pipeline/u });
      assert.match(await row.innerText(), /models, conversations.*Ends on/su);
      assert.ok(!(await page.content()).includes(key), "the whole key is nowhere on the page");
      await look(page, "keys");
      await row.getByRole("button").click();
      await page.getByRole("alertdialog", { name: "Revoke this key?" }).waitFor();
      await look(page, "keys-revoke");
      await button(page, "Revoke the key").click();
      await row.getByText(/Revoked on/u).waitFor();
      assert.equal(await row.getByRole("button").count(), 0);
      await page.goBack();
      await field(page).waitFor();
    });
  });

  test("are refused to who may not have them; a role without conversations says so", async () => {
    await visit(async (page, server) => {
      server.accounts.add("vera", { role: "auditor", password: "v", token: "auditor" });
      await page.goto(`${server.origin}/keys#token=auditor`);
      await page.getByRole("heading", { name: "You may not have keys" }).waitFor();
      await look(page, "keys-denied");
      await page.goto(server.origin);
      await page.getByRole("heading", { name: "Your role has no conversations" }).waitFor();
      await look(page, "no-conversations");
    });
  });

  test("in Arabic", async () => {
    await visit(
      async (page, server) => {
        await page.goto(`${server.origin}/keys#token=first`);
        await page.locator(".desk .state .btn").click();
        await page.getByRole("dialog").waitFor();
        await look(page, "keys-make-ar");
        await page.getByRole("dialog").locator("input").first().fill("CI");
        await page.keyboard.press("Enter");
        await page.getByRole("alertdialog").waitFor();
        await look(page, "keys-made-ar");
        await page.getByRole("alertdialog").locator(".btn").click();
        await page.locator(".table").waitFor();
        await look(page, "keys-ar");
      },
      { locale: "ar-EG" },
    );
  });
});
