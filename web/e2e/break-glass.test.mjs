/** The page of break-glass on the stand-in server. */
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
import { Refused } from "./fake-conversations.mjs";
import { startFakeServer } from "./fake-server.mjs";
import { protectionWords } from "./words.mjs";

const HANG_MS = 30_000;
const FAILED_REQUEST = /^Failed to load resource/u;
const REASON = "Missing person, case 17-4: who was she going to meet?";

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** Somebody of a role opens the page by its address; Anne has written, and a second owner is there. */
async function visit(act, { role = "data_officer", prepare, ...options } = {}) {
  const server = await startFakeServer({ dist: DIST });
  server.accounts.add("anne@ministere.example");
  server.accounts.add("second.owner", { role: "owner" });
  server.accounts.add("officer", { role: "data_officer" });
  server.accounts.add("me", { role, token: "arriving" });
  prepare?.(server);
  const { page, context, problems } = await openPage(browser, server.origin, {
    expected: [FAILED_REQUEST],
    ...options,
  });
  try {
    page.setDefaultTimeout(HANG_MS);
    await page.goto(`${server.origin}/break-glass#token=arriving`);
    await act(page, server);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
    await server.close();
  }
}

/** Anne's conversation, with two versions of an answer and a file. */
function converse(server) {
  const asked = { object: "entry", type: "message.input", role: "user", created_at: null };
  const answer = { object: "entry", type: "message.output", role: "assistant", model: "m" };
  const done = { state: "complete", usage: null, error_code: null, request_id: null };
  const content = [
    { type: "text", text: "Which way is **shortest**?" },
    { type: "text", text: "Quay 4, 18:00", file_name: "notes.txt" },
  ];
  const entries = [
    { id: "e1", parent_id: null, content, ...asked },
    { id: "e2", parent_id: "e1", content: "Along the **quay**.", ...answer, ...done },
    { id: "e3", parent_id: "e1", content: "Through the old town.", ...answer, ...done },
  ];
  server.conversations.seed({ name: "The way to the harbour", entries });
}

const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

/** One of each kind. */
function seedAll({ openings }) {
  const account = "anne@ministere.example";
  const agreed = { approver: "officer", approved_at: ago(2_000) };
  const asked = { account, requester: "second.owner", reason: REASON };
  openings.seed({ ...asked, requested_at: ago(2_010), ...agreed });
  openings.seed({ ...asked, requested_at: ago(1_900), closer: "officer", closed_at: ago(1_890) });
  openings.seed({ ...asked, requested_at: ago(1_800) });
  openings.seed({ ...asked, requested_at: ago(90), approver: "officer", approved_at: ago(80), closer: "officer", closed_at: ago(75) });
  openings.seed({ ...asked, minutes: 240, requested_at: ago(20), approver: "officer", approved_at: ago(10) });
  openings.seed({ ...asked, requested_at: ago(5) });
}

const button = (scope, name) => scope.getByRole("button", { name, exact: true });
const dialogNamed = (page, name) => page.getByRole("dialog", { name });
const alertNamed = (page, name) => page.getByRole("alertdialog", { name });
const toast = (page, text) => page.getByRole("region", { name: "Notices" }).getByText(text);
const card = (page) => page.locator(".opening");

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
    await shoot(page, `break-glass/${name}-${colorScheme}-${viewport.width}`);
  }
}

async function chooseAnne(page) {
  await page.getByRole("combobox", { name: "Whose conversations" }).fill("ann");
  await page.getByRole("option", { name: /anne@ministere/u }).click();
}

describe("asking", () => {
  test("says what is missing, then waits for a second person", async () => {
    await visit(async (page) => {
      await page.getByText("Nothing waits, and nothing is open.").waitFor();
      await look(page, "empty");
      await button(page, "Ask for an opening").click();
      const dialog = dialogNamed(page, "Ask to open conversations");
      await dialog.getByRole("combobox").waitFor();
      await look(page, "ask");
      await dialog.getByLabel("Minutes", { exact: true }).fill("500");
      await button(dialog, "Ask").click();
      for (const missing of [
        "Choose an account.",
        "Give a reason of 10 to 1,000 characters.",
        "Type a whole number from 5 to 240.",
      ]) {
        await dialog.getByText(missing).waitFor();
      }
      await look(page, "ask-missing");
      await page.getByRole("combobox", { name: "Whose conversations" }).fill("zzz");
      await page.getByText("No account has this in its name.").waitFor();
      await chooseAnne(page);
      await dialog.getByLabel("Reason", { exact: true }).fill(REASON);
      await dialog.getByLabel("Minutes", { exact: true }).fill("45");
      await button(dialog, "Ask").click();
      await toast(page, "The request waits for a second person").waitFor();
      const text = await card(page).innerText();
      assert.match(text, /anne@ministere\.example/u);
      assert.match(text, /Waits for a second person/u);
      assert.match(text, /45 minutes/u);
      assert.match(text, /You asked\. A second person has to agree\./u);
      assert.equal(await button(page, "Agree…").count(), 0);
      await look(page, "asked");
      await button(page, "Withdraw…").click();
      await button(alertNamed(page, "Withdraw this request?"), "Withdraw the request").click();
      await toast(page, "The request is withdrawn").waitFor();
      await page.locator(".folded").getByText("Refused").waitFor();
    });
  });

  test("is done by keyboard alone", async () => {
    await visit(async (page) => {
      await page.getByText("Nothing waits, and nothing is open.").waitFor();
      await button(page, "Ask for an opening").focus();
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "combobox");
      await page.keyboard.type("anne");
      await page.getByRole("option", { name: /anne@ministere/u }).waitFor();
      await page.keyboard.press("ArrowDown");
      await page.waitForFunction(() => document.activeElement?.hasAttribute("aria-activedescendant"));
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement?.value === "anne@ministere.example");
      await page.keyboard.press("Tab");
      await page.keyboard.type(REASON);
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await toast(page, "The request waits for a second person").waitFor();
      await page.waitForFunction(() => document.activeElement?.textContent === "Ask for an opening");
    });
  });

  test("keeps what was typed where the server refuses, and says why with its code", async () => {
    await visit(async (page, server) => {
      const refusal = new Refused(503, "audit.unavailable");
      await button(page, "Ask for an opening").click();
      const dialog = dialogNamed(page, "Ask to open conversations");
      await chooseAnne(page);
      await dialog.getByLabel("Reason", { exact: true }).fill(REASON);
      server.accounts.faults.set("POST /v1/break-glass", refusal);
      await button(dialog, "Ask").click();
      await dialog.getByRole("alert").getByText("audit.unavailable").waitFor();
      assert.equal(await dialog.getByLabel("Reason", { exact: true }).inputValue(), REASON);
      server.accounts.faults.clear();
      await button(dialog, "Ask").click();
      await toast(page, "The request waits for a second person").waitFor();
    });
  });
});

describe("the second person", () => {
  test("agrees, sees until when it is open, and ends it", async () => {
    await visit(
      async (page) => {
        await look(page, "all");
        const waiting = card(page).first();
        await button(waiting, "Agree…").click();
        const dialog = alertNamed(page, "Open these conversations?");
        const text = await dialog.innerText();
        assert.match(text, /second\.owner.*can read everything that.*anne@ministere/u);
        assert.ok(text.includes(REASON));
        await look(page, "agree");
        await button(dialog, "Agree and open").click();
        await toast(page, /Open: conversations of .*anne/u).waitFor();
        assert.equal(await page.locator(".opening.is-open").count(), 2);
        assert.match(await waiting.innerText(), /Open until/u);
        await waiting.getByRole("button", { name: "End it now…" }).click();
        await button(alertNamed(page, "End it now?"), "End it").click();
        await toast(page, "It is ended").waitFor();
        assert.equal(await page.locator(".opening").count(), 1);
        const past = page.locator(".folded > li");
        assert.equal(await past.count(), 5);
        await past.first().locator("summary").focus();
        await page.keyboard.press("Enter");
        assert.match(await past.first().innerText(), /Closed by\s+.?me/u);
        await checkAccessibility(page, "the past");
      },
      { prepare: seedAll },
    );
  });

  test("is told why two owners cannot do it, and what a refusal of the server means", async () => {
    await visit(
      async (page, server) => {
        await card(page).first().getByText(/neither of you is\.$/u).waitFor();
        assert.equal(await button(page, "Agree…").count(), 0);
        const path = /\/v1\/break-glass\/[^/]+$/u;
        await page.route(path, (route) => {
          if (route.request().method() !== "DELETE") return route.continue();
          const body = JSON.stringify({ object: "error", message: "it is ended", code: "opening.over" });
          return route.fulfill({ status: 409, contentType: "application/json", body });
        });
        const looks = server.openings.looks;
        await button(card(page).first(), "Refuse…").click();
        const dialog = alertNamed(page, "Refuse this request?");
        await button(dialog, "Refuse the request").click();
        await dialog.getByRole("alert").getByText("It is no longer as it is shown here.").waitFor();
        await dialog.getByText("opening.over").waitFor();
        await look(page, "refusal");
        assert.ok(server.openings.looks > looks, "the list is read anew");
      },
      { role: "owner", prepare: seedAll },
    );
  });
});

describe("reading", () => {
  const opened = (server) => {
    converse(server);
    server.mine = server.openings.seed({
      account: "anne@ministere.example",
      requester: "me",
      reason: REASON,
      requested_at: ago(3),
      approver: "officer",
      approved_at: ago(1),
    });
  };

  test("shows every version, and files, to whoever asked", async () => {
    await visit(
      async (page) => {
        await button(page, "Read the conversations").click();
        const list = dialogNamed(page, /Conversations of .*anne/u);
        await list.getByText("The way to the harbour").waitFor();
        await look(page, "opened");
        await list.getByRole("button", { name: /The way to the harbour/u }).click();
        const read = dialogNamed(page, "The way to the harbour");
        await read.getByText("Through the old town.").waitFor();
        await read.locator("strong", { hasText: "quay" }).waitFor();
        await read.getByText("Which way is **shortest**?").waitFor();
        await read.getByText(/several versions/u).waitFor();
        await read.locator("summary").click();
        await read.getByText("Quay 4, 18:00").waitFor();
        await look(page, "read");
        await button(read, "All conversations").click();
        await dialogNamed(page, /Conversations of .*anne/u).waitFor();
      },
      { role: "owner", prepare: opened },
    );
  });

  test("ends when it is over", async () => {
    await visit(
      async (page, server) => {
        await button(page, "Read the conversations").click();
        const list = dialogNamed(page, /Conversations of .*anne/u);
        await list.getByText("The way to the harbour").waitFor();
        server.mine.approved_at = ago(60);
        await list.getByRole("button", { name: /The way to the harbour/u }).click();
        await page.getByRole("alert").getByText("opening.over").waitFor();
        assert.equal(await page.getByText("Through the old town.").count(), 0);
      },
      { role: "owner", prepare: opened },
    );
  });

  test("and the card says so by itself", async () => {
    await visit(
      async (page) => {
        await page.clock.install({ time: Date.now() });
        await page.reload();
        await button(page, "Read the conversations").waitFor();
        await page.clock.fastForward("35:00");
        await page.getByText("Nothing waits, and nothing is open.").waitFor();
        assert.match(await page.locator(".folded").innerText(), /Ended/u);
      },
      { role: "owner", prepare: opened },
    );
  });
});

describe("whoever may not", () => {
  test("an auditor sees all of it, and can do nothing about it", async () => {
    await visit(
      async (page) => {
        await card(page).first().waitFor();
        assert.equal(await page.locator(".folded > li").count(), 4);
        assert.equal(await page.locator("main button").count(), 1, "to look again");
        await look(page, "auditor");
      },
      { role: "auditor", prepare: seedAll },
    );
  });

  test("a member reads why not, what concerned them, and is not offered the page", async () => {
    const prepare = (server) => {
      server.openings.seed({
        account: "me",
        requester: "second.owner",
        reason: REASON,
        requested_at: ago(90),
        approver: "officer",
        approved_at: ago(80),
      });
      seedAll(server);
    };
    await visit(
      async (page) => {
        await page.getByRole("heading", { name: "You may not open conversations" }).waitFor();
        const past = page.locator(".folded > li");
        await past.first().waitFor();
        assert.equal(await past.count() + (await card(page).count()), 1, "the own one alone");
        await past.first().locator("summary").click();
        await page.getByText(REASON).waitFor();
        await look(page, "member");
        await button(page, "Settings").click();
        const menu = page.getByRole("dialog", { name: "Settings" });
        await menu.waitFor();
        assert.equal(await menu.getByText("Break-glass").count(), 0);
      },
      { role: "member", prepare },
    );
  });

  test("is told where the list cannot be read, and tries again", async () => {
    await visit(
      async (page, server) => {
        await page.getByRole("alert").getByText("audit.unavailable").waitFor();
        await look(page, "failed");
        server.accounts.faults.clear();
        await button(page, "Try again").click();
        await page.getByText("Nothing waits, and nothing is open.").waitFor();
      },
      {
        prepare: ({ accounts }) =>
          accounts.faults.set("GET /v1/break-glass", new Refused(503, "audit.unavailable")),
      },
    );
  });
});

test("the page is reached from the menu and from the palette", async () => {
  await visit(async (page, server) => {
    await button(page, "Ask for an opening").waitFor();
    await page.goto(server.origin);
    await field(page).waitFor();
    await button(page, "Settings").click();
    await page.getByRole("link", { name: "Break-glass" }).click();
    await button(page, "Ask for an opening").waitFor();
    assert.equal(new URL(page.url()).pathname, "/break-glass");
    await page.goto(server.origin);
    await field(page).waitFor();
    await page.keyboard.press("Control+k");
    await page.locator(".palette-field input").waitFor();
    await page.keyboard.type("break");
    await page.getByRole("menuitem", { name: "Break-glass" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await button(page, "Ask for an opening").waitFor();
  });
});

for (const [language, locale] of [
  ["fr", "fr-FR"],
  ["ar", "ar-EG"],
  ["hi", "hi-IN"],
]) {
  test(`break-glass in ${language}`, async () => {
    const { opening: words } = await protectionWords(language);
    await visit(
      async (page) => {
        await button(page, words.ask).waitFor();
        await card(page).first().waitFor();
        await look(page, `all-${language}`);
        await page.locator(".folded summary").first().click();
        await button(page, words.ask).click();
        await page.getByRole("combobox").waitFor();
        await look(page, `ask-${language}`);
      },
      { locale, prepare: seedAll },
    );
  });
}
