/** What the built page may weigh, and what its files may name. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from "node:zlib";

import { DIST } from "./browser.mjs";

const JS_BYTES_MAX = 180_000;
const CSS_BYTES_MAX = 25_000;
const FONT_BYTES_MAX = 137_000;
/** A language whose texts come on demand is one more request, not one more page. */
const LANGUAGE_BYTES_MAX = 10_000;

const STATIC_IMPORT = /(?:from|import)\s*"\.\/([\w.-]+\.js)"/gu;
const FONT_FACE = /@font-face\s*\{[^}]*?url\([^)]*?([\w.-]+\.woff2)[^}]*\}/gu;

/** Every script that the page must have before it shows: what its document names, and theirs. */
async function firstScripts() {
  const html = await readFile(join(DIST, "index.html"), "utf8");
  const named = [...html.matchAll(/(?:src|href)="\/((?:assets\/)?[\w.-]+\.js)"/gu)];
  const waiting = named.map(([, path]) => path);
  const found = new Map();
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    const content = await readFile(join(DIST, path), "utf8");
    found.set(path, content);
    for (const [, name] of content.matchAll(STATIC_IMPORT)) waiting.push(`assets/${name}`);
  }
  return found;
}

async function assets(pattern) {
  const names = (await readdir(join(DIST, "assets"))).filter((name) => pattern.test(name));
  const contents = await Promise.all(names.map((name) => readFile(join(DIST, "assets", name))));
  return new Map(names.map((name, at) => [name, contents[at]]));
}

function compressed(contents) {
  return [...contents].reduce((sum, content) => sum + brotliCompressSync(content).length, 0);
}

test("the scripts of the first load stay within their budget", async () => {
  const scripts = await firstScripts();
  const bytes = compressed(scripts.values());
  assert.ok(scripts.size >= 2, "the page has its script, and the one before the first paint");
  assert.ok(bytes <= JS_BYTES_MAX, `${bytes} bytes of script`);
});

test("what is there compressed too is the same file", async () => {
  const written = await assets(/\.(?:js|css)$/u);
  const compressions = { br: brotliDecompressSync, gz: gunzipSync };
  for (const [extension, decompress] of Object.entries(compressions)) {
    const found = await assets(new RegExp(`\\.${extension}$`, "u"));
    assert.equal(found.size, written.size);
    for (const [name, content] of found) {
      assert.ok(decompress(content).equals(written.get(name.slice(0, -3))), name);
    }
  }
});

test("texts of Arabic and Hindi, and of pages for few, come on demand and are small", async () => {
  const first = await firstScripts();
  const languages = await assets(/^(?:ar|fr|hi)-[\w-]+\.js$/u);
  assert.equal(languages.size, 11);
  for (const [name, content] of languages) {
    assert.ok(!first.has(`assets/${name}`), `${name} is not part of the first load`);
    const bytes = compressed([content]);
    assert.ok(bytes <= LANGUAGE_BYTES_MAX, `${name} has ${bytes} bytes`);
  }
});

test("the styles stay within their budget", async () => {
  const bytes = compressed((await assets(/\.css$/u)).values());
  assert.ok(bytes > 0 && bytes <= CSS_BYTES_MAX, `${bytes} bytes of style`);
});

test("the fonts of a page in Latin letters stay within their budget", async () => {
  const sheets = [...(await assets(/\.css$/u)).values()].join("");
  const faces = [...sheets.matchAll(FONT_FACE)];
  const fonts = await assets(/\.woff2$/u);
  assert.equal(new Set(faces.map(([, name]) => name)).size, fonts.size, "each font has its rule");
  const latin = faces.filter(([rule]) => !rule.includes("unicode-range"));
  const bytes = latin.reduce((sum, [, name]) => sum + fonts.get(name).length, 0);
  assert.ok(bytes > 0 && bytes <= FONT_BYTES_MAX, `${bytes} bytes of fonts`);
});

test("the stories are no part of the product", async () => {
  assert.ok(!(await readdir(DIST)).includes("stories.html"));
  const scripts = await assets(/\.js$/u);
  for (const [name, content] of scripts) {
    assert.ok(!content.includes("data-story"), `${name} holds no story`);
  }
});

test("the document has no inline script or style, and no address of another host", async () => {
  const html = await readFile(join(DIST, "index.html"), "utf8");
  assert.doesNotMatch(html, /<style|\sstyle=|<script(?![^>]*\ssrc=)|https?:/u);
  assert.match(html, /<meta property="csp-nonce" content="__CSP_NONCE__"/u);
});
