import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running `galerne serve`. */
const SERVER = process.env["GALERNE_SERVER"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
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
  },
  server: {
    // The server refuses requests that come from a page of another origin than its own.
    proxy: { "/v1": { target: SERVER, changeOrigin: true, headers: { origin: SERVER } } },
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "jsdom",
  },
});
