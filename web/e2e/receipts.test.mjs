/** The receipt behind an answer: shown in plain words, saved as it came. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

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
  shoot,
} from "./browser.mjs";
import { ORIGIN, receiptOf } from "./fake-receipts.mjs";
import { startFakeServer } from "./fake-server.mjs";

const HANG_MS = 30_000;

let browser;
let server;

before(async () => {
  server = await startFakeServer({ dist: DIST, models: ["first-model"] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Asks, and opens the receipt of the answer. */
async function openReceipt(page, name) {
  await ask(page, "say Bonjour.");
  await page.getByText("Bonjour.").last().waitFor();
  await page.getByRole("button", { name, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(ORIGIN).waitFor();
  return dialog;
}

test("the receipt of an answer is told, and saved byte by byte", async () => {
  const visitor = await openPage(browser, server.origin);
  const { page } = visitor;
  page.setDefaultTimeout(HANG_MS);
  await page.goto(server.link);
  await field(page).waitFor();
  const dialog = await openReceipt(page, "Receipt");
  const told = await dialog.innerText();
  for (const part of ["Exemple SAS", "avx512-vnni", "France", "Entry 1,234", "not stated", "galerne-verify receipt"]) {
    assert.ok(told.includes(part), `${part} in ${told}`);
  }
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    dialog.getByRole("button", { name: "Save the receipt" }).click(),
  ]);
  const request = /^receipt-chatcmpl-(?<id>\w+)\.txt$/u.exec(saved.suggestedFilename())?.groups;
  assert.ok(request, saved.suggestedFilename());
  assert.equal(await readFile(await saved.path(), "utf8"), receiptOf(request.id));
  await checkAccessibility(page, "the receipt");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  // Also of an answer that was there already.
  await page.reload();
  await page.getByRole("button", { name: "Receipt", exact: true }).click();
  await page.getByRole("dialog").getByText(ORIGIN).waitFor();
  assert.deepEqual(visitor.problems, []);
  await visitor.context.close();
});

for (const [size, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`the receipt fits: ${size}, ${colorScheme}`, async () => {
      server.endSessions(`${size}-${colorScheme}`);
      const options = { viewport, colorScheme, locale: size === "phone" ? "fr-FR" : "en-GB" };
      const { page, context, problems } = await openPage(browser, server.origin, options);
      page.setDefaultTimeout(HANG_MS);
      await page.goto(`${server.origin}/#token=${size}-${colorScheme}`);
      await field(page).waitFor();
      await openReceipt(page, size === "phone" ? "Reçu" : "Receipt");
      await checkFits(page, "the receipt");
      await checkAccessibility(page, "the receipt");
      await shoot(page, `receipt-${size}-${colorScheme}`);
      assert.deepEqual(problems, []);
      await context.close();
    });
  }
}
