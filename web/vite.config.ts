import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";

/** Where `npm run dev` finds a running `galerne serve`. */
const SERVER = process.env["GALERNE_SERVER"] ?? "http://127.0.0.1:8080";

/** `vite build --mode stories`: every state of every component, for people and for the tests. */
const STORIES = { outDir: "test-results/stories-site", rollupOptions: { input: "stories.html" } };

/** Writes scripts and styles once more, compressed as far as it goes, for the server to send. */
function compressed(): Plugin {
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  return {
    name: "compressed",
    apply: "build",
    // The files as they were written: until then other plugins still change them.
    async writeBundle({ dir = "" }, bundle) {
      const names = Object.keys(bundle).filter((name) => /\.(?:js|css)$/u.test(name));
      for (const path of names.map((name) => join(dir, name))) {
        const content = await readFile(path);
        await writeFile(`${path}.br`, brotliCompressSync(content, { params }));
        await writeFile(`${path}.gz`, gzipSync(content, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [react(), ...(mode === "production" ? [compressed()] : [])],
  build: {
    outDir: "dist",
    // The Content-Security-Policy allows no `data:` address: every asset stays a file.
    assetsInlineLimit: 0,
    // `light-dark()` in the tokens needs these; older targets would rewrite it.
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
    // The texts that the licences of the bundled packages ask to pass on.
    license: { fileName: "assets/licences/packages.txt" },
    ...(mode === "stories" ? STORIES : {}),
  },
  server: {
    // The server refuses requests that come from a page of another origin than its own.
    proxy: { "/v1": { target: SERVER, changeOrigin: true, headers: { origin: SERVER } } },
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "jsdom",
    // A guard against a test that hangs, not a speed: machines stall.
    testTimeout: 30_000,
  },
}));
