/**
 * A stand-in for the server that serves `dist` under the same Content-Security-Policy and plays
 * the answers that a real model cannot be asked for: hostile Markdown, a broken stream, an error
 * code that the page does not know. What it answers depends on the question.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const SESSION_COOKIE = "galerne_session=s";
const MODEL = "smollm2-135m-instruct";

export const USAGE = {
  prompt_tokens: 31,
  completion_tokens: 84,
  total_tokens: 115,
  energy_joules: 23.4,
  energy_method: "estimated",
  energy_uncertainty_percent: 30,
  co2e_grams: 0.000215,
  co2e_method: "estimated",
  co2e_uncertainty_percent: 40,
  grid_factor_grams_per_kwh: 33,
  grid_factor_year: 2022,
  grid_factor_source: "A published table of grid factors",
  grid_zone: "FR",
  site: "local",
};

/** Starts on a free port of this machine; `models` are the installed ones. */
export async function startFakeServer({ dist, models = [MODEL] }) {
  const state = { tokens: new Set(["first"]), models };
  const server = createServer((request, response) => {
    answer(request, response, dist, state).catch((error) => response.destroy(error));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    link: `${origin}/#token=first`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request, response, dist, state) {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  const isSignedIn = request.headers.cookie?.includes(SESSION_COOKIE) ?? false;
  if (pathname === "/v1/session") return session(request, response, state, isSignedIn);
  if (pathname.startsWith("/v1/") && !isSignedIn) return refuse(response, 401, "auth.missing");
  if (pathname === "/v1/models") return models(response, state);
  if (pathname === "/v1/chat/completions") return chat(response, await bodyOf(request));
  return file(response, dist, pathname);
}

async function session(request, response, state, isSignedIn) {
  if (request.method === "POST") {
    const { token } = await bodyOf(request);
    if (!state.tokens.delete(token)) return refuse(response, 401, "auth.link_invalid");
    response.setHeader("set-cookie", `${SESSION_COOKIE}; HttpOnly; SameSite=Strict; Path=/`);
    return response.writeHead(204).end();
  }
  if (!isSignedIn) return refuse(response, 401, "auth.missing");
  return json(response, 200, { organisation: "o", project: "p", expires_at: 0 });
}

function models(response, { models: ids }) {
  const data = ids.map((id) => ({ id, object: "model", created: 0, owned_by: "galerne" }));
  return json(response, 200, { object: "list", data });
}

async function chat(response, { messages }) {
  const question = messages.at(-1).content;
  if (question === "too long") return refuse(response, 400, "context.too_long");
  if (question === "unknown code") return refuse(response, 418, "tray.empty", "Fill the tray.");
  if (question === "session ends") return refuse(response, 401, "auth.invalid");
  response.writeHead(200, { "content-type": "text/event-stream" });
  const say = (content, finish = null, rest = {}) => {
    const choices = [{ index: 0, delta: { content }, finish_reason: finish }];
    response.write(`data: ${JSON.stringify({ choices, ...rest })}\n\n`);
  };
  const text = question.startsWith("say ") ? question.slice(4) : "One two three. ".repeat(40);
  let count = 0;
  for (const piece of text.match(/\s*\S+/gu) ?? []) {
    if (response.destroyed) return undefined;
    say(piece);
    await new Promise((resolve) => setTimeout(resolve, 8));
    count += 1;
    if (question === "break" && count === 20) return response.destroy();
  }
  say("", "stop", { usage: USAGE });
  return response.end("data: [DONE]\n\n");
}

async function file(response, dist, pathname) {
  const path = pathname === "/" ? "/index.html" : normalize(pathname);
  const nonce = randomBytes(16).toString("base64");
  const content = await readFile(join(dist, path)).catch(() => null);
  if (content === null) return refuse(response, 404, "route.unknown");
  const isPage = path === "/index.html";
  response.writeHead(200, {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    "content-security-policy": policy(nonce),
    "x-content-type-options": "nosniff",
  });
  const body = isPage ? content.toString().replaceAll("__CSP_NONCE__", nonce) : content;
  return response.end(body);
}

function policy(nonce) {
  return (
    `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' blob:; ` +
    "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; " +
    "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; " +
    "trusted-types dompurify default"
  );
}

async function bodyOf(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return JSON.parse(text);
}

function refuse(response, status, code, hint) {
  const message = `The server says ${code}`;
  return json(response, status, { object: "error", message, code, hint });
}

function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  return response.end(JSON.stringify(body));
}
