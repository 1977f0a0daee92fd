/** A browser whose pages report everything that they must never do. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const RESULTS = fileURLToPath(new URL("../test-results/", import.meta.url));
export const DIST = fileURLToPath(new URL("../dist", import.meta.url));

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
export const NARROW = { width: 360, height: 640 };

export const FOREIGN_HOST = "galerne.test";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // An address that is not this machine's, for what browsers allow on this machine only.
  `--host-resolver-rules=MAP ${FOREIGN_HOST} 127.0.0.1`,
];

/** A 401 tells the page that nobody is signed in; the browser logs it as a failed request. */
const SIGNED_OUT = /^Failed to load resource: the server responded with a status of 401/u;

export function launch() {
  const executablePath = process.env.GALERNE_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS, headless: true });
}

/**
 * Opens a page in a context of its own. Returns it with `problems`: violations of the policy,
 * requests to other origins, console errors and uncaught errors. `expected` names the console
 * errors that belong to the test.
 */
export async function openPage(browser, origin, options = {}) {
  const { expected = [], ...contextOptions } = options;
  const context = await browser.newContext({
    locale: "en-GB",
    viewport: DESKTOP,
    colorScheme: "light",
    ...contextOptions,
  });
  const problems = [];
  await context.exposeBinding("reportViolation", (_source, text) => problems.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const { effectiveDirective, blockedURI, sample, sourceFile, lineNumber } = event;
      const place = `${sourceFile}:${lineNumber}`;
      window.reportViolation(`policy: ${effectiveDirective} ${blockedURI} ${sample} ${place}`);
    });
  });
  const page = await context.newPage();
  page.on("request", (request) => {
    const url = request.url();
    const isOwn = new URL(url).origin === origin || url.startsWith("blob:");
    if (!isOwn) problems.push(`request to another origin: ${url}`);
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.stack}`));
  page.on("console", (message) => {
    const isExpected = [SIGNED_OUT, ...expected].some((known) => known.test(message.text()));
    if (message.type() === "error" && !isExpected) problems.push(`console: ${message.text()}`);
  });
  return { context, page, problems };
}

/** Runs axe on the page as it stands; fails on any violation. */
export async function checkAccessibility(page, name) {
  await settle(page);
  const isLoaded = await page.evaluate(() => "axe" in window);
  if (!isLoaded) await page.evaluate(await axeSource());
  const violations = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await window.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return found.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`),
    }));
  });
  assert.deepEqual(violations, [], `axe finds nothing on ${name}`);
}

/**
 * Layers fade in, and have other colours while they do: waits until nothing moves. On a touch
 * screen a layer with a field stays invisible for a moment, in which the keyboard may open.
 */
export async function settle(page) {
  await page.waitForFunction(() => {
    const layers = [...document.querySelectorAll(".scrim,.modal,.popover,.toast")];
    const isStill = ({ effect, playState }) =>
      playState !== "running" || effect.getComputedTiming().iterations === Infinity;
    return (
      layers.every((layer) => getComputedStyle(layer).opacity === "1") &&
      document.getAnimations().every(isStill)
    );
  });
}

/** Saves what the page looks like once nothing moves, for people to review. */
export async function shoot(page, name) {
  await settle(page);
  const path = `${RESULTS}${name}.png`;
  await mkdir(dirname(path), { recursive: true });
  // "initial": hiding the caret would insert a style that the policy refuses.
  await page.screenshot({ path, caret: "initial" });
}

/** Nothing on the page sticks out: it has parts that scroll, and does not scroll itself. */
export async function checkFits(page, name) {
  const { wider, higher } = await page.evaluate(() => {
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return { wider: scrollWidth - clientWidth, higher: scrollHeight - clientHeight };
  });
  assert.ok(wider <= 0, `${name} is ${wider} px wider than its window`);
  assert.ok(higher <= 0, `${name} is ${higher} px higher than its window`);
}

/** The question field. */
export function field(page) {
  return page.locator("textarea");
}

/** Sends a question: by Enter, or by the button where Enter starts a new line. */
export async function ask(page, question) {
  await field(page).fill(question);
  const hasKeyboard = await page.evaluate(() => matchMedia("(any-pointer: fine)").matches);
  if (hasKeyboard) await field(page).press("Enter");
  else await page.locator(".go").click();
}

let axe = null;

async function axeSource() {
  axe ??= await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  return axe;
}
