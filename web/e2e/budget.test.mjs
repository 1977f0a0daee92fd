/** What the built page may weigh, and what its files may name. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { brotliCompressSync } from "node:zlib";

import { DIST } from "./browser.mjs";

const JS_BYTES_MAX = 180_000;
const CSS_BYTES_MAX = 25_000;
const FONT_BYTES_MAX = 137_000;

/** Sizes of all files with this ending together; text counts compressed. */
async function bytesOf(ending, { isCompressed }) {
  const names = (await readdir(join(DIST, "assets"))).filter((name) => name.endsWith(ending));
  const contents = await Promise.all(names.map((name) => readFile(join(DIST, "assets", name))));
  const sizes = contents.map((content) =>
    isCompressed ? brotliCompressSync(content).length : content.length,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

test("the scripts stay within their budget", async () => {
  const bytes = await bytesOf(".js", { isCompressed: true });
  assert.ok(bytes > 0 && bytes <= JS_BYTES_MAX, `${bytes} bytes of script`);
});

test("the styles stay within their budget", async () => {
  const bytes = await bytesOf(".css", { isCompressed: true });
  assert.ok(bytes > 0 && bytes <= CSS_BYTES_MAX, `${bytes} bytes of style`);
});

test("the fonts stay within their budget", async () => {
  const bytes = await bytesOf(".woff2", { isCompressed: false });
  assert.ok(bytes > 0 && bytes <= FONT_BYTES_MAX, `${bytes} bytes of fonts`);
});

test("the document has no inline script or style, and no address of another host", async () => {
  const html = await readFile(join(DIST, "index.html"), "utf8");
  assert.doesNotMatch(html, /<style|\sstyle=|<script(?![^>]*\ssrc=)|https?:/u);
  assert.match(html, /<meta property="csp-nonce" content="__CSP_NONCE__"/u);
});
