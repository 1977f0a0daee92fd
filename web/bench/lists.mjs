/** Lists and searches of very many conversations: what the server takes, and what a person sees. */
import { openPage } from "../e2e/browser.mjs";
import { quantile } from "./figures.mjs";
import { installProbe } from "./probe.mjs";

/** Ten keys a second: the page asks at each of them. */
const KEY_DELAY_MS = 100;
const HANG_MS = 30_000;

/** The time of one answer of the server, to its last byte, on a connection that is open. */
export async function askServer(server, cookie, { name, text }, count) {
  const isArchived = name === "archived";
  const query = new URLSearchParams({ page: 0, page_size: 100, archived: isArchived });
  if (text !== "") query.set("search", text);
  const samples = [];
  for (let at = 0; at <= count; at += 1) {
    const begun = performance.now();
    const response = await fetch(`${server.origin}/v1/conversations?${query}`, { headers: { cookie } });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`the server answered ${response.status} to ${query}`);
    if (at > 0) samples.push(performance.now() - begun);
  }
  return { median: quantile(samples, 0.5), max: Math.max(...samples), samples };
}

/** A page with the list open, to be clicked and typed in. */
export async function openList(browser, server, storageState) {
  const options = { storageState };
  const { context, page, problems } = await openPage(browser, server.origin, options);
  await context.addInitScript(installProbe);
  await page.goto(`${server.origin}/?view=archived`);
  await page.locator('.rows[aria-busy="false"] .conv-row a').first().waitFor();
  return {
    switchView: () => measure(page, "click", () => page.locator(".view-link").click()),
    search: (text) => search(page, text),
    close: async () => {
      await context.close();
      if (problems.length > 0) throw new Error(`the page had problems: ${problems.join("; ")}`);
    },
  };
}

async function search(page, text) {
  const field = page.locator(".find input");
  await field.focus();
  const noted = await measure(page, "keydown", () => page.keyboard.type(text, { delay: KEY_DELAY_MS }));
  await measure(page, "keydown", () => page.keyboard.press("Escape"));
  return noted;
}

/** From the latest event of `type` that `act` causes to the rows that it asks for. */
async function measure(page, type, act) {
  await page.evaluate((event) => window.bench.expectRows(event), type);
  await act();
  await page.waitForFunction(() => window.bench.rows !== null, null, { timeout: HANG_MS });
  return page.evaluate(() => window.bench.rows);
}
