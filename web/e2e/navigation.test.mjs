/** The list of conversations, addresses, keys and the palette, on a stand-in server. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import {
  DESKTOP,
  DIST,
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
import { startFakeServer } from "./fake-server.mjs";
import { focusedName, isolate, listen, row, rowNames, seed } from "./navigation.mjs";

const FAILED_REQUEST = /^Failed to load resource/u;

let browser;
let server;
let visitor;
let ids;

before(async () => {
  server = await startFakeServer({ dist: DIST, models: ["first-model"] });
  browser = await launch();
  visitor = await openPage(browser, server.origin, { expected: [FAILED_REQUEST] });
  ids = seed(server.conversations);
  await visitor.page.goto(server.link);
  await field(visitor.page).waitFor();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

describe("the list", () => {
  test("stands in groups, pinned ones first", async () => {
    const { page } = visitor;
    await page.getByRole("grid", { name: "Your conversations" }).waitFor();
    const lines = await page.locator(".conv-row").evaluateAll((rows) =>
      rows.map((one) => one.querySelector("a")?.textContent ?? `# ${one.textContent}`),
    );
    assert.deepEqual(lines.slice(0, 6), [
      "# Pinned",
      "Rota of December",
      "# Today",
      "Minutes of the committee",
      "Answer to the town hall",
      "# Yesterday",
    ]);
    assert.match(lines.at(-2), /^# \p{L}+ 20\d\d$/u);
    await checkAccessibility(page, "the list");
    await shoot(page, "list-en-1440");
  });

  test("shows a name without what hides in it, and flags it", async () => {
    const { page } = visitor;
    const hidden = page.locator(`[data-card="${ids.hidden}"]`);
    assert.match(await hidden.innerText(), /^invoicefdp\.exe/u);
    assert.equal(await hidden.locator(".flag").count(), 1);
    assert.equal(await hidden.locator("bdi").count(), 1);
  });

  test("opens a conversation without a reload; back and forward return", async () => {
    const { page } = visitor;
    await page.evaluate(() => (window.isSamePage = true));
    await row(page, "Minutes of the committee").getByRole("link").click();
    await page.waitForURL(`**/c/${ids.today}`);
    assert.match(await page.title(), /Minutes of the committee/u);
    await row(page, "Maintenance contract").getByRole("link").click();
    await page.waitForURL(`**/c/${ids.old}`);
    await page.goBack();
    await page.waitForURL(`**/c/${ids.today}`);
    await page.waitForFunction(() => document.title.includes("Minutes"));
    assert.equal(await page.locator('.conv-row a[aria-current="page"]').innerText(), "Minutes of the committee");
    await page.goForward();
    await page.waitForURL(`**/c/${ids.old}`);
    assert.equal(await page.evaluate(() => window.isSamePage), true);
  });

  test("is walked by arrows, one stop for Tab", async () => {
    const { page } = visitor;
    await row(page, "Rota of December").getByRole("link").focus();
    assert.equal(await page.locator('.conv-row a[tabindex="0"]').count(), 1);
    await page.keyboard.press("ArrowDown");
    assert.equal(await focusedName(page), "Minutes of the committee");
    await page.keyboard.press("End");
    assert.equal(await focusedName(page), "Maintenance contract");
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    const name = await page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    assert.equal(name, `Actions of ${isolate("Rota of December")}`);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await focusedName(page), "Rota of December");
  });
});

describe("a search", () => {
  test("asks the server, says the count, and offers to clear it", async () => {
    const { page } = visitor;
    const said = await listen(page);
    const box = page.getByRole("searchbox", { name: "Search your conversations" });
    await box.fill("TOWN");
    await page.waitForFunction(() => document.querySelectorAll(".conv-row a").length === 1);
    assert.deepEqual(await rowNames(page), ["Answer to the town hall"]);
    assert.match(page.url(), /\?find=TOWN$/u);
    await said(/1 conversation found/u);
    await box.fill("nothing like it");
    await page.getByRole("heading", { name: "Nothing found" }).waitFor();
    await checkAccessibility(page, "a search without results");
    await page.locator(".list-state").getByRole("button", { name: "Clear the search" }).click();
    await row(page, "Rota of December").waitFor();
    assert.equal(await box.inputValue(), "");
  });

  test("keeps the earlier results dimmed until the new ones are here", async () => {
    const { page } = visitor;
    let release;
    const gate = new Promise((resolve) => (release = resolve));
    await page.route(/search=min/u, async (route) => {
      await gate;
      await route.continue();
    });
    await page.getByRole("searchbox").fill("min");
    await page.locator(".list-body.stale").waitFor();
    assert.ok((await rowNames(page)).length > 1);
    assert.equal(await page.getByRole("grid").getAttribute("aria-busy"), "true");
    release();
    await page.waitForFunction(() => document.querySelectorAll(".conv-row a").length === 1);
    await page.unroute(/search=min/u);
    await page.getByRole("searchbox").press("Escape");
    await row(page, "Rota of December").waitFor();
  });
});

describe("a conversation", () => {
  async function choose(name, action) {
    const { page } = visitor;
    await row(page, name).hover();
    await page.getByRole("button", { name: `Actions of ${isolate(name)}` }).first().click();
    await page.getByRole("menuitem", { name: action }).click();
  }

  test("is renamed in its row, and Escape keeps the old name", async () => {
    const { page } = visitor;
    await choose("Answer to the town hall", "Rename");
    const name = page.getByRole("textbox", { name: "Name of the conversation" });
    await name.fill("Reply to the mayor");
    await checkAccessibility(page, "a name being written");
    await name.press("Enter");
    await row(page, "Reply to the mayor").waitFor();
    assert.equal(await focusedName(page), "Reply to the mayor");
    await page.keyboard.press("F2");
    await name.fill("other");
    await name.press("Escape");
    assert.equal(await focusedName(page), "Reply to the mayor");
    assert.equal(server.conversations.read(ids.second).name, "Reply to the mayor");
  });

  test("is renamed by its title on the page", async () => {
    const { page } = visitor;
    await page.goto(`${server.origin}/c/${ids.second}`);
    await page.getByRole("heading", { level: 1 }).getByRole("button").click();
    const name = page.getByRole("textbox", { name: "Name of the conversation" });
    await name.fill("Answer to the town hall");
    await name.press("Enter");
    await row(page, "Answer to the town hall").waitFor();
    assert.match(await page.title(), /Answer to the town hall/u);
  });

  test("whose change is refused shows as it was, and says why", async () => {
    const { page } = visitor;
    const isPatch = (route) => route.request().method() === "PATCH";
    await page.route(`**/${ids.yesterday}`, (route) =>
      isPatch(route)
        ? route.fulfill({ status: 503, json: { code: "store.unavailable", message: "m", hint: "h" } })
        : route.continue(),
    );
    await choose("Translation of the welcome protocol", "Pin");
    await page.locator(".toast").getByText("The change was not kept.").waitFor();
    await page.unroute(`**/${ids.yesterday}`);
    const names = await rowNames(page);
    assert.ok(names.indexOf("Translation of the welcome protocol") > 2, names.join());
    await page.locator(".toast").getByRole("button", { name: "Close" }).click();
  });

  test("is archived with an undo, and the archive gives it back", async () => {
    const { page } = visitor;
    const said = await listen(page);
    await choose("Translation of the welcome protocol", "Archive");
    await row(page, "Translation of the welcome protocol").waitFor({ state: "detached" });
    await said(/Translation of the welcome protocol.* is archived/u);
    await checkAccessibility(page, "a toast");
    await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
    await row(page, "Translation of the welcome protocol").waitFor();
    await page.getByRole("link", { name: "Archived conversations" }).click();
    await row(page, "Last year's budget").waitFor();
    assert.match(page.url(), /view=archived/u);
    await checkAccessibility(page, "the archive");
    await shoot(page, "archive-en-1440");
    await choose("Last year's budget", "Restore");
    await page.getByRole("heading", { name: "Nothing archived" }).waitFor();
    await page.getByRole("link", { name: "Back to your conversations" }).click();
    await row(page, "Last year's budget").waitFor();
  });

  test("is deleted only after a question, and the focus goes on", async () => {
    const { page } = visitor;
    await row(page, "Last year's budget").getByRole("link").focus();
    await page.keyboard.press("Delete");
    const dialog = page.getByRole("alertdialog");
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /Last year's budget.*cannot be taken back/su);
    await checkAccessibility(page, "the question before deleting");
    await shoot(page, "delete-en-1440");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement.textContent === "Last year's budget");
    await page.keyboard.press("Delete");
    await dialog.getByRole("button", { name: "Delete the conversation" }).click();
    await row(page, "Last year's budget").waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement !== document.body);
  });

  test("that is open and deleted leaves a new one in its place", async () => {
    const { page } = visitor;
    const id = server.conversations.seed({ name: "Short life" });
    await page.goto(`${server.origin}/c/${id}`);
    await row(page, "Short life").waitFor();
    await page.locator("header.top").getByRole("button", { name: /^Actions of/u }).click();
    await page.getByRole("menuitem", { name: "Delete…" }).click();
    await page.getByRole("button", { name: "Delete the conversation" }).click();
    await page.waitForURL(`${server.origin}/`);
    await field(page).waitFor();
  });
});

describe("an address", () => {
  test("comes to a new conversation without a reload or a step back", async () => {
    const { page } = visitor;
    await page.goto(server.origin);
    await field(page).waitFor();
    await page.evaluate(() => (window.isSamePage = true));
    const steps = await page.evaluate(() => history.length);
    await ask(page, "say hello");
    await page.waitForURL("**/c/conv_*");
    await page.locator(".turn .prov").waitFor();
    assert.equal(await page.evaluate(() => window.isSamePage), true);
    assert.equal(await page.evaluate(() => history.length), steps);
    await row(page, "say hello").waitFor();
    await page.reload();
    await page.locator(".turn .prov").waitFor();
  });

  test("of no conversation says so and offers a way on", async () => {
    const { page } = visitor;
    for (const path of ["/c/conv_12", `/c/conv_${"0".repeat(32)}`]) {
      await page.goto(`${server.origin}${path}`);
      await page.getByRole("heading", { name: "No conversation at this address" }).waitFor();
      await checkAccessibility(page, `the address ${path}`);
      await page.getByRole("button", { name: "Start a new conversation" }).click();
      await field(page).waitFor();
      assert.equal(page.url(), `${server.origin}/`);
    }
  });
});

describe("keys", () => {
  beforeEach(async () => {
    await visitor.page.goto(server.origin);
    await field(visitor.page).waitFor();
  });

  test("open the palette, which finds conversations and commands", async () => {
    const { page } = visitor;
    const said = await listen(page);
    await page.keyboard.press("Control+k");
    const input = page.getByRole("dialog").locator("input");
    await input.waitFor();
    await checkAccessibility(page, "the palette");
    await shoot(page, "palette-en-1440");
    await input.pressSequentially("minutes");
    await page.getByRole("menuitem", { name: "Minutes of the committee" }).waitFor();
    await said(/1 result/u);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/c/${ids.today}`);
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await input.pressSequentially("theme dark");
    await page.getByRole("menuitem", { name: "Theme: Dark" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
    await page.keyboard.press("Control+k");
    await shoot(page, "palette-en-dark-1440");
    await input.fill("no such thing");
    await page.getByText("No command has this name").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.evaluate(() => localStorage.setItem("galerne.theme", "light"));
  });

  test("show their help, from which Escape returns to where the focus was", async () => {
    const { page } = visitor;
    await page.keyboard.press("Control+/");
    const dialog = page.getByRole("dialog", { name: "Keyboard" });
    await dialog.waitFor();
    assert.equal(await dialog.locator("tbody tr").count(), 16);
    await checkAccessibility(page, "the keyboard help");
    await shoot(page, "keyboard-en-1440");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    await page.waitForFunction(() => document.activeElement.tagName === "TEXTAREA");
  });

  test("go through the regions of the page and back", async () => {
    const { page } = visitor;
    const region = () =>
      page.evaluate(() => document.activeElement.closest("nav,header,.scroll,.below").className);
    const seen = [await region()];
    for (let step = 0; step < 4; step += 1) {
      await page.keyboard.press("F6");
      seen.push(await region());
    }
    assert.deepEqual(seen, ["below", "nav", "top", "scroll", "below"]);
    await page.keyboard.press("Shift+F6");
    assert.equal(await region(), "scroll");
  });

  test("start a conversation, and walk the questions of one", async () => {
    const { page } = visitor;
    await ask(page, "say one");
    await page.locator(".turn .prov").first().waitFor();
    await ask(page, "say two");
    await page.locator(".turn:last-child .prov").waitFor();
    const turn = () =>
      page.evaluate(() => {
        const turns = [...document.querySelectorAll(".turn")];
        return turns.indexOf(document.activeElement.closest(".turn"));
      });
    await page.keyboard.press("Alt+ArrowUp");
    assert.equal(await turn(), 0);
    await page.keyboard.press("Alt+ArrowDown");
    assert.equal(await turn(), 1);
    await page.keyboard.press("Control+Shift+O");
    await page.waitForURL(`${server.origin}/`);
    await page.waitForFunction(() => document.querySelectorAll(".turn").length === 0);
    await page.waitForFunction(() => document.activeElement.tagName === "TEXTAREA");
  });

  test("close the top layer first, then stop the answer", async () => {
    const { page } = visitor;
    await ask(page, "slow");
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.ok(await page.getByRole("button", { name: "Stop" }).isVisible());
    await page.keyboard.press("Escape");
    await page.getByText(/Stopped/u).waitFor();
  });
});

describe("where there is little room", () => {
  test("the list is a drawer, on a phone all of the page", async () => {
    const { page } = visitor;
    await page.goto(server.origin);
    await page.setViewportSize({ width: 1024, height: 768 });
    await page.getByRole("button", { name: "Show your conversations" }).click();
    await row(page, "Minutes of the committee").waitFor();
    await checkAccessibility(page, "the drawer");
    await shoot(page, "drawer-en-1024");
    await page.keyboard.press("Escape");
    await page.getByRole("grid").waitFor({ state: "detached" });
    await page.setViewportSize(PHONE);
    await checkFits(page, "a phone");
    await shoot(page, "closed-en-390");
    await page.getByRole("button", { name: "Show your conversations" }).click();
    const width = await page.locator(".drawer").evaluate((one) => one.clientWidth);
    assert.equal(width, PHONE.width);
    await shoot(page, "sheet-en-390");
    await row(page, "Minutes of the committee").getByRole("link").click();
    await page.waitForURL(`**/c/${ids.today}`);
    await page.getByRole("grid").waitFor({ state: "detached" });
    await page.setViewportSize(NARROW);
    await checkFits(page, "a small phone");
    await page.setViewportSize(DESKTOP);
  });
});

describe("the states of the list", () => {
  const LIST = /\/v1\/conversations\?/u;

  async function withList(handler, check) {
    const { page } = visitor;
    await page.route(LIST, handler);
    await page.goto(server.origin);
    await check(page);
    await page.unroute(LIST);
  }

  const refuse = (status, code) => (route) =>
    route.fulfill({ status, json: { code, message: "The rule r7 refuses.", hint: "Ask Ada." } });

  test("empty: what belongs there, and one action", () =>
    withList(
      (route) => route.fulfill({ json: [], headers: { "galerne-total-count": "0" } }),
      async (page) => {
        await page.getByRole("heading", { name: "No conversation yet" }).waitFor();
        await checkAccessibility(page, "an empty list");
        await shoot(page, "list-empty-en-1440");
      },
    ));

  test("failed: what happened and another try; the rest works", () =>
    withList(refuse(503, "store.unavailable"), async (page) => {
      await page.locator(".list-state [role=alert]").waitFor();
      await checkAccessibility(page, "a list that failed");
      await page.unroute(LIST);
      await page.locator(".list-state").getByRole("button", { name: "Try again" }).click();
      await row(page, "Minutes of the committee").waitFor();
    }));

  test("denied: which rule, and whom to ask", () =>
    withList(refuse(403, "access.denied"), async (page) => {
      const state = page.locator(".list-state");
      await page.getByRole("heading", { name: "You may not see these" }).waitFor();
      assert.match(await state.innerText(), /The rule r7 refuses.*Ask Ada.*access\.denied/su);
    }));

  test("loading: nothing for a moment, then bones of the rows", () =>
    withList(
      () => undefined,
      async (page) => {
        await page.locator(".list-state .skeleton .bone").first().waitFor();
        assert.equal(await page.locator(".conv-row").count(), 0);
      },
    ));

  test("stale: the old list with its time, and a refresh", async () => {
    const { page } = visitor;
    await page.goto(server.origin);
    await row(page, "Minutes of the committee").waitFor();
    await page.route(LIST, (route) => route.abort());
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await page.getByText(/As it was at/u).waitFor();
    assert.ok(await row(page, "Minutes of the committee").isVisible());
    await page.unroute(LIST);
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByText(/As it was at/u).waitFor({ state: "detached" });
  });
});

describe("100,000 conversations", () => {
  const TOTAL = 100_000;
  const LIST = /\/v1\/conversations\?/u;

  function pageOf(number) {
    return Array.from({ length: 100 }, (_, at) => {
      const place = number * 100 + at;
      const updated_at = new Date(Date.now() - place * 60_000).toISOString();
      const id = `conv_${String(place).padStart(32, "0")}`;
      return { id, name: `Number ${place}`, pinned: false, archived: false, running: false, updated_at };
    });
  }

  async function serve(route, isFailing) {
    const number = Number(new URL(route.request().url()).searchParams.get("page"));
    if (isFailing(number)) return route.abort();
    return route.fulfill({ json: pageOf(number), headers: { "galerne-total-count": String(TOTAL) } });
  }

  test("open with only those in view in the document", async () => {
    const { page } = visitor;
    await page.route(LIST, (route) => serve(route, () => false));
    await page.goto(server.origin);
    await row(page, "Number 0").first().waitFor();
    assert.ok((await page.locator(".conv-row").count()) < 80);
  });

  test("arrive page by page, and a gap is named with another try", async () => {
    const { page } = visitor;
    await page.unroute(LIST);
    let isBroken = true;
    await page.route(LIST, (route) => serve(route, (number) => isBroken && number === 3));
    await page.goto(server.origin);
    await row(page, "Number 0").first().waitFor();
    const end = () => page.locator(".convs").evaluate((list) => list.scrollTo(0, list.scrollHeight));
    const note = page.getByText(/300 of 100,000 are shown/u);
    for (let tries = 0; tries < 50 && !(await note.isVisible()); tries += 1) {
      await end();
      await page.waitForTimeout(100);
    }
    await note.waitFor();
    await checkAccessibility(page, "a list with a gap");
    isBroken = false;
    await page.locator(".list-note").getByRole("button", { name: "Try again" }).click();
    await note.waitFor({ state: "detached" });
    await end();
    await page.getByText("Number 399", { exact: true }).waitFor();
    assert.ok((await page.locator(".conv-row").count()) < 80);
    await page.unroute(LIST);
  });
});

test("in Arabic the column is on the right and the arrows turn", async () => {
  const { page, context, problems } = await openPage(browser, server.origin, {
    locale: "ar",
    expected: [FAILED_REQUEST],
  });
  await context.addCookies(await visitor.context.cookies());
  await page.goto(server.origin);
  const nav = page.locator("nav.nav");
  await nav.waitFor();
  const { x } = await nav.boundingBox();
  assert.ok(x > DESKTOP.width / 2, `the column begins at ${x}`);
  await page.locator(".conv-row a").first().focus();
  await page.keyboard.press("ArrowLeft");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-haspopup")), "menu");
  await checkAccessibility(page, "the list in Arabic");
  await shoot(page, "list-ar-1440");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog").waitFor();
  await shoot(page, "palette-ar-1440");
  assert.deepEqual(problems, []);
  await context.close();
});

test("the page broke no rule and talked to nobody else", () => {
  assert.deepEqual(visitor.problems, []);
});
