/** Serves built files as the server does: the page with its policy and a nonce of its own. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Answers with a file of `folder`, `page` for `/`; `false` where there is none. */
export async function serveFile(response, folder, pathname, page = "index.html") {
  const path = pathname === "/" ? `/${page}` : normalize(pathname);
  const content = await readFile(join(folder, path)).catch(() => null);
  if (content === null) return false;
  const nonce = randomBytes(16).toString("base64");
  response.writeHead(200, {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    "content-security-policy": policy(nonce),
    "x-content-type-options": "nosniff",
  });
  const isPage = extname(path) === ".html";
  response.end(isPage ? content.toString().replaceAll("__CSP_NONCE__", nonce) : content);
  return true;
}

function policy(nonce) {
  return (
    `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' blob:; ` +
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; " +
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
    "trusted-types dompurify default"
  );
}
