/** How much the first load is, and how soon the field takes a letter. */
import { brotliCompressSync } from "node:zlib";

import { openPage } from "../e2e/browser.mjs";
import { installProbe } from "./probe.mjs";

const KEY_INTERVAL_MS = 10;
const HANG_MS = 30_000;

/** One visit of somebody who is signed in, with nothing in the browser's cache. */
export async function visit(browser, server, storageState) {
  const options = { storageState };
  const { context, page, problems } = await openPage(browser, server.origin, options);
  try {
    await context.addInitScript(installProbe);
    const cdp = await context.newCDPSession(page);
    const loaded = await noteRequests(cdp);
    await page.goto(`${server.origin}/`, { waitUntil: "commit" });
    await typeUntilHeard(page, cdp);
    await page.waitForFunction(() => window.bench.rowsAt !== null);
    await page.waitForLoadState("networkidle");
    const { typedAt, rowsAt, tasks } = await page.evaluate(() => window.bench);
    if (problems.length > 0) throw new Error(`the page had problems: ${problems.join("; ")}`);
    return { interactive_ms: typedAt, rows_ms: rowsAt, tasks, ...(await sizes(server, loaded)) };
  } finally {
    await context.close();
  }
}

/** Strikes a key again and again, as somebody who cannot wait. */
async function typeUntilHeard(page, cdp) {
  const key = { key: "a", code: "KeyA", text: "a", windowsVirtualKeyCode: 65 };
  const isHeard = () => page.evaluate(() => window.bench?.typedAt != null);
  for (const begun = performance.now(); performance.now() - begun < HANG_MS; ) {
    await cdp.send("Input.dispatchKeyEvent", { type: "keyDown", ...key });
    await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...key });
    if (await isHeard()) return;
    await new Promise((resolve) => setTimeout(resolve, KEY_INTERVAL_MS));
  }
  throw new Error("the field never took a letter");
}

/** The scripts and styles that are loaded, with the bytes that came over the wire. */
async function noteRequests(cdp) {
  const loaded = new Map();
  await cdp.send("Network.enable");
  cdp.on("Network.responseReceived", ({ requestId, type, response }) => {
    if (type === "Script" || type === "Stylesheet") loaded.set(requestId, { type, url: response.url });
  });
  cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const file = loaded.get(requestId);
    if (file !== undefined) file.bytes = encodedDataLength;
  });
  return loaded;
}

async function sizes(server, loaded) {
  const html = await (await fetch(server.origin)).text();
  const sum = { js_brotli_bytes: 0, js_all_brotli_bytes: 0, css_brotli_bytes: 0, sent_bytes: 0 };
  for (const { type, url, bytes } of loaded.values()) {
    const content = await (await fetch(url)).arrayBuffer();
    const brotli = brotliCompressSync(content).length;
    sum.sent_bytes += bytes;
    if (type === "Stylesheet") sum.css_brotli_bytes += brotli;
    else sum.js_all_brotli_bytes += brotli;
    // The document names every script that it waits for; the others are asked for by those.
    if (type === "Script" && html.includes(new URL(url).pathname)) sum.js_brotli_bytes += brotli;
  }
  return sum;
}
