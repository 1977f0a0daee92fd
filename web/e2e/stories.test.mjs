/**
 * Every state of every component, in four languages, two themes and forced colours: accessible,
 * within a narrow screen, with targets that a finger hits. Screenshots for people are written to
 * `test-results/stories/`.
 */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "vite";

import { launch, openPage, settle } from "./browser.mjs";
import { serveFile } from "./static-files.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SITE = fileURLToPath(new URL("../test-results/stories-site", import.meta.url));
const SHOTS = fileURLToPath(new URL("../test-results/stories/", import.meta.url));

const WIDE = { width: 960, height: 900 };
/** 1280 px at 400 %, the narrowest screen on which nothing may stick out (WCAG 1.4.10). */
const NARROW = { width: 320, height: 640 };
/** The smallest target (WCAG 2.5.8), in CSS pixels. */
const TARGET_PX_MIN = 24;
/** What a reader may set (WCAG 1.4.12). */
const TEXT_SPACING =
  "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}" +
  "p{margin-block-end:2em!important}";

const LANGUAGES = ["fr", "en", "ar", "hi"];
const THEMES = ["light", "dark"];

let server;
let browser;
let visitor;
let stories;

before(async () => {
  await build({ root: ROOT, mode: "stories", logLevel: "error" });
  await mkdir(SHOTS, { recursive: true });
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    serveFile(response, SITE, pathname, "stories.html").then(
      (isFound) => isFound || response.writeHead(404).end(),
      (error) => response.destroy(error),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  browser = await launch();
  visitor = await openPage(browser, origin, { viewport: WIDE, reducedMotion: "reduce" });
  const { page } = visitor;
  page.setDefaultTimeout(5000);
  await page.goto(origin);
  await page.evaluate(await axeSource());
  stories = await page.locator("[data-story]").evaluateAll((lines) =>
    lines.map(({ dataset }) => ({
      name: dataset.story,
      isPressed: dataset.pressed === "true",
    })),
  );
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

test("there are stories", () => {
  assert.ok(stories.length >= 12, `${stories.length} stories`);
});

for (const forcedColors of ["none", "active"]) {
  for (const theme of THEMES) {
    describe(`${theme}, forced colours ${forcedColors}`, () => {
      for (const language of LANGUAGES) {
        test(language, async () => {
          const { page } = visitor;
          await page.emulateMedia({ forcedColors, colorScheme: theme });
          const faults = {};
          for (const story of stories) {
            await show(page, story, language, theme);
            const found = await page.evaluate(examine, TARGET_PX_MIN);
            if (found.length > 0) faults[story.name] = found;
            const isSeen = forcedColors === "none" || language === "ar";
            if (isSeen) await shoot(page, `${story.name}-${language}-${theme}-${forcedColors}`);
            await hide(page, story);
          }
          assert.deepEqual(faults, {});
        });
      }
    });
  }
}

for (const language of LANGUAGES) {
  test(`on a narrow screen nothing sticks out, in ${language}`, async () => {
    const { page } = visitor;
    await page.emulateMedia({ forcedColors: "none" });
    await page.setViewportSize(NARROW);
    const faults = {};
    for (const story of stories) {
      await show(page, story, language, "light");
      const found = await page.evaluate(whatSticksOut);
      await shoot(page, `${story.name}-${language}-320`);
      await page.evaluate(spaceText, TEXT_SPACING);
      found.push(...(await page.evaluate(whatSticksOut)));
      await page.evaluate(spaceText, "");
      if (found.length > 0) faults[story.name] = found;
      await hide(page, story);
    }
    assert.deepEqual(faults, {});
    await page.setViewportSize(WIDE);
  });
}

test("a page in French fetches the Latin fonts only, one in Arabic its own too", async () => {
  const { origin } = new URL(visitor.page.url());
  for (const [language, expected] of [
    ["fr", /^(?:ibm-plex-sans-latin|jetbrains-mono-latin)/u],
    ["ar", /^(?:ibm-plex-sans-(?:latin|arabic)|jetbrains-mono-latin)/u],
  ]) {
    const { context, page } = await openPage(browser, origin);
    const fonts = [];
    page.on("request", (request) => {
      if (request.resourceType() === "font") fonts.push(request.url().split("/").at(-1));
    });
    await page.goto(`${origin}/#error-note/${language}/light`);
    await page.locator(".note").first().waitFor();
    await page.evaluate(() => document.fonts.ready.then(() => undefined));
    assert.ok(fonts.length >= 2, `${fonts}`);
    for (const font of fonts) assert.match(font, expected);
    await context.close();
  }
});

test("theme, language and direction are there before the page runs", async () => {
  const { origin } = new URL(visitor.page.url());
  const { context, page } = await openPage(browser, origin, { colorScheme: "light" });
  await page.route(/\/assets\/.*\.js$/u, (route) => route.abort());
  await page.addInitScript(() => {
    window.localStorage.setItem("galerne.theme", "dark");
    window.localStorage.setItem("galerne.language", "ar");
  });
  await page.goto(origin);
  const seen = await page.evaluate(() => {
    const { lang, dir, dataset } = document.documentElement;
    return [lang, dir, dataset.theme, getComputedStyle(document.body).backgroundColor];
  });
  assert.deepEqual(seen, ["ar", "rtl", "dark", "rgb(15, 22, 21)"]);
  await context.close();
});

test("the stories broke no rule and talked to nobody else", () => {
  assert.deepEqual(visitor.problems, []);
});

async function show(page, { name, isPressed }, language, theme) {
  await page.evaluate(async (hash) => {
    const isShown = () => document.querySelector("main")?.dataset.shown === hash;
    window.location.hash = hash;
    while (!isShown()) await new Promise((resolve) => window.requestAnimationFrame(resolve));
    await document.fonts.ready;
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  }, `#${name}/${language}/${theme}`);
  if (!isPressed) return;
  await page.locator(".story button").first().press("Enter");
  await page.locator("[role=dialog],[role=menu],.toast").first().waitFor();
  // In its first frame it is there, and as transparent as before its animation.
  await settle(page);
}

/** Layers of a story belong to it: they close with it. */
async function hide(page, { isPressed }) {
  if (isPressed) await page.keyboard.press("Escape");
}

function shoot(page, name) {
  // "initial": hiding the caret would insert a style that the policy refuses.
  return page.screenshot({ path: `${SHOTS}${name}.png`, caret: "initial", fullPage: true });
}

async function axeSource() {
  return readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
}

/* What follows runs in the page. */

async function examine(targetPixels) {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations } = await window.axe.run(document, {
    runOnly: { type: "tag", values: tags },
    resultTypes: ["violations"],
    preload: false,
  });
  const found = violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
  const controls = document.querySelectorAll(
    "button,textarea,input:not(label *),label:has(input),[role=menuitem],[role=option],[role=tab]",
  );
  for (const control of controls) {
    const { width, height } = control.getBoundingClientRect();
    const isShown = control.checkVisibility() && width > 1 && height > 1;
    if (isShown && Math.min(width, height) < targetPixels) {
      found.push(`target of ${width} × ${height} px: ${control.outerHTML.slice(0, 120)}`);
    }
  }
  return found;
}

/** Elements beyond the edges of the window, and text that a fixed height cuts. */
function whatSticksOut() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const found = scrollWidth > clientWidth ? [`the page is ${scrollWidth} px wide`] : [];
  for (const element of document.querySelectorAll("main *,.modal *,.popover *,.toast *")) {
    const { left, right, width } = element.getBoundingClientRect();
    const isHidden = width <= 1 || element.closest(".vh,svg,pre") !== null;
    const isInside = left >= -1 && right <= clientWidth + 1;
    const isClipped = element.parentElement?.closest(".ellipsis") != null;
    if (!isHidden && !isInside && !isClipped) found.push(element.outerHTML.slice(0, 120));
  }
  return found;
}

function spaceText(rules) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets = [sheet];
}
