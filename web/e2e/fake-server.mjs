/**
 * A stand-in for the server that serves `dist` under the same Content-Security-Policy and plays
 * the answers that a real model cannot be asked for: hostile Markdown, a broken stream, an error
 * code that the page does not know. What it answers depends on the question.
 */
import { createServer } from "node:http";

import { Conversations, Refused, streamTurn } from "./fake-conversations.mjs";
import { serveFile } from "./static-files.mjs";

const SESSION_COOKIE = "galerne_session=s";
/** A model of the size that the page calls small, and one that it does not. */
export const SMALL_MODEL = "smollm2-135m-instruct";
export const LARGE_MODEL = "ministral-8b-instruct";
const PARAMETERS = { [SMALL_MODEL]: 134_515_008, [LARGE_MODEL]: 8_019_808_256 };
const PAGES = /^\/(?:c\/[^/]+)?$/u;

/** Starts on a free port of this machine; `models` are the installed ones. */
export async function startFakeServer(options) {
  const { dist, models = [SMALL_MODEL], conversations = new Conversations() } = options;
  const flags = { isExpired: false, isDown: false };
  const state = { tokens: new Set(["first"]), models, conversations, ...flags };
  const server = createServer((request, response) => {
    answer(request, response, dist, state).catch((error) => {
      if (error instanceof Refused) refuse(response, error);
      else response.destroy(error);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    link: `${origin}/#token=first`,
    conversations,
    /** The session of every browser ends; `token` opens the next one. */
    endSessions: (token) => {
      state.isExpired = true;
      state.tokens.add(token);
    },
    /** Whether every connection to the API breaks. */
    setDown: (isDown) => {
      state.isDown = isDown;
      if (isDown) conversations.cut();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request, response, dist, state) {
  const url = new URL(request.url, "http://127.0.0.1");
  const { pathname } = url;
  const hasCookie = request.headers.cookie?.includes(SESSION_COOKIE) ?? false;
  const isSignedIn = hasCookie && !state.isExpired;
  if (state.isDown && pathname.startsWith("/v1/")) return request.destroy();
  if (pathname === "/v1/session") return session(request, response, state, isSignedIn);
  if (pathname.startsWith("/v1/") && !isSignedIn) throw new Refused(401, "auth.missing");
  if (pathname === "/v1/models") return models(response, state);
  if (pathname === "/v1/conversations") return collection(request, response, state, url);
  const path = /^\/v1\/conversations\/(?<id>[^/]+)(?:\/(?<part>\w+))?$/u.exec(pathname)?.groups;
  if (path !== undefined) return conversation(request, response, state, path);
  const file = PAGES.test(pathname) ? "/" : pathname;
  if (!(await serveFile(response, dist, file))) throw new Refused(404, "route.unknown");
  return undefined;
}

async function session(request, response, state, isSignedIn) {
  if (request.method === "POST") {
    const { token } = await bodyOf(request);
    if (!state.tokens.delete(token)) throw new Refused(401, "auth.link_invalid");
    state.isExpired = false;
    response.setHeader("set-cookie", `${SESSION_COOKIE}; HttpOnly; SameSite=Strict; Path=/`);
    return response.writeHead(204).end();
  }
  if (!isSignedIn) throw new Refused(401, "auth.missing");
  if (request.method === "DELETE") {
    response.setHeader("set-cookie", `${SESSION_COOKIE}; Max-Age=0; Path=/`);
    return response.writeHead(204).end();
  }
  return json(response, 200, { organisation: "o", project: "p", expires_at: 0 });
}

function models(response, { models: ids }) {
  const facts = { object: "model", created: 0, owned_by: "galerne" };
  const data = ids.map((id) => ({ id, ...facts, parameters: PARAMETERS[id] }));
  return json(response, 200, { object: "list", data });
}

async function collection(request, response, { conversations }, { searchParams }) {
  if (request.method === "POST") return begin(request, response, conversations, null);
  const found = conversations.list(Object.fromEntries(searchParams));
  const size = Number(searchParams.get("page_size") ?? 100);
  const start = Number(searchParams.get("page") ?? 0) * size;
  response.setHeader("galerne-total-count", String(found.length));
  return json(response, 200, found.slice(start, start + size));
}

async function conversation(request, response, { conversations }, { id, part = "" }) {
  const { method, headers } = request;
  switch (`${method} ${part}`) {
    case "GET ":
      return json(response, 200, conversations.read(id));
    case "PATCH ":
      return json(response, 200, conversations.change(id, await bodyOf(request)));
    case "DELETE ":
      conversations.remove(id);
      return response.writeHead(204).end();
    case "POST ":
      return begin(request, response, conversations, id);
    case "GET history":
      return json(response, 200, conversations.history(id));
    case "GET events":
      return streamTurn(response, conversations.turn(id), headers["last-event-id"]);
    case "POST stop":
      conversations.stop(id);
      return response.writeHead(204).end();
    case "GET draft":
      return draft(response, conversations.draft(id));
    case "PUT draft":
      conversations.putDraft(id, await bodyOf(request));
      return response.writeHead(204).end();
    default:
      throw new Refused(404, "route.unknown");
  }
}

async function begin(request, response, conversations, id) {
  const body = await bodyOf(request);
  const turn = conversations.begin(id, body, request.headers["idempotency-key"]);
  return streamTurn(response, turn);
}

async function bodyOf(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return JSON.parse(text);
}

function draft(response, kept) {
  return kept === null ? response.writeHead(204).end() : json(response, 200, kept);
}

function refuse(response, { status, code, hint, conversation }) {
  if (conversation !== undefined) {
    response.setHeader("location", `/v1/conversations/${conversation}`);
  }
  const message = `The server says ${code}`;
  return json(response, status, { object: "error", message, code, hint });
}

function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  return response.end(JSON.stringify(body));
}
