/**
 * A stand-in for the server that serves `dist` under the same Content-Security-Policy and plays
 * the answers that a real model cannot be asked for: hostile Markdown, a broken stream, an error
 * code that the page does not know. What it answers depends on the question.
 */
import { createServer } from "node:http";

import { Accounts } from "./fake-accounts.mjs";
import { Conversations, Refused, streamTurn } from "./fake-conversations.mjs";
import { Openings } from "./fake-openings.mjs";
import { Protection } from "./fake-protection.mjs";
import { receiptOf } from "./fake-receipts.mjs";
import { assessmentFor } from "./fake-sovereignty.mjs";
import { serveFile } from "./static-files.mjs";

/** A model of the size that the page calls small, and one that it does not. */
export const SMALL_MODEL = "smollm2-135m-instruct";
export const LARGE_MODEL = "ministral-8b-instruct";
const PARAMETERS = { [SMALL_MODEL]: 134_515_008, [LARGE_MODEL]: 8_019_808_256 };
const PAGES = /^\/(?:c\/[^/]+|people|keys|data-protection|break-glass|sovereignty)?$/u;

const ADMINISTRATION = /^\/v1\/(?:session\/password|accounts|keys)(?:\/|$)/u;

const DATA_PROTECTION =
  /^\/v1\/(?:data-subjects$|break-glass|holds|erasures|accounts\/[^/]+\/erasure$)/u;

/** Starts on a free port of this machine; `models` are the installed ones. */
export async function startFakeServer(options) {
  const { dist, models = [SMALL_MODEL], conversations = new Conversations() } = options;
  const accounts = new Accounts();
  const openings = new Openings(accounts, conversations);
  const protection = new Protection(accounts);
  const parts = { models, conversations, accounts, openings, protection };
  const state = { ...parts, isDown: false, assessment: {} };
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
    accounts,
    openings,
    protection,
    /** What is changed of the report, and until when it is not there. */
    assessment: state.assessment,
    /** The session of every browser ends; `token` opens the next one. */
    endSessions: (token) => {
      accounts.endSessions();
      accounts.addToken(token);
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
  const { accounts } = state;
  const me = accounts.signedIn(request);
  if (state.isDown && pathname.startsWith("/v1/")) return request.destroy();
  if (pathname === "/v1/session/provider") return json(response, 200, { name: null });
  if (pathname === "/v1/session") return session(request, response, accounts, me);
  if (pathname.startsWith("/v1/") && me === undefined) throw new Refused(401, "auth.missing");
  const fault = accounts.faults.get(`${request.method} ${pathname}`);
  if (fault !== undefined) throw fault;
  if (pathname === "/v1/sovereignty/assessment") {
    accounts.must(me, "log");
    return json(response, 200, await assessmentFor(state));
  }
  if (DATA_PROTECTION.test(pathname)) return protect(request, response, state, me, pathname);
  if (ADMINISTRATION.test(pathname)) return administer(request, response, accounts, me, pathname);
  if (pathname.startsWith("/v1/")) accounts.must(me, pathname === "/v1/models" ? "models" : "conversations");
  if (pathname === "/v1/models") return models(response, state);
  if (pathname === "/v1/conversations") return collection(request, response, state, url);
  const receipt = /^\/v1\/receipts\/(?<id>\w+)$/u.exec(pathname)?.groups;
  if (receipt !== undefined) {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    return response.end(receiptOf(receipt.id));
  }
  const path = /^\/v1\/conversations\/(?<id>[^/]+)(?:\/(?<part>\w+))?$/u.exec(pathname)?.groups;
  if (path !== undefined) return conversation(request, response, state, path);
  const file = PAGES.test(pathname) ? "/" : pathname;
  if (!(await serveFile(response, dist, file))) throw new Refused(404, "route.unknown");
  return undefined;
}

async function session(request, response, accounts, me) {
  if (request.method === "POST") {
    response.setHeader("set-cookie", accounts.signIn(await bodyOf(request)));
    return response.writeHead(204).end();
  }
  if (me === undefined) throw new Refused(401, "auth.missing");
  if (request.method === "DELETE") {
    response.setHeader("set-cookie", accounts.endedCookie());
    return response.writeHead(204).end();
  }
  return json(response, 200, accounts.session(me));
}

/** Break-glass, holds and erasures. */
async function protect(request, response, { accounts, openings, protection }, me, pathname) {
  const [area, ...path] = pathname.split("/").slice(2);
  const { method } = request;
  const body = () => bodyOf(request);
  switch (area) {
    case "data-subjects":
      return json(response, 200, accounts.list(me, "data_protection"));
    case "break-glass":
      return json(response, ...(await openings.answer(me, method, path, body)));
    case "accounts":
      return json(response, ...protection.erase(me, path[0], await body()));
    default: {
      const [status, told] = await protection.answer(me, method, [area, ...path], body);
      return told === null ? response.writeHead(status).end() : json(response, status, told);
    }
  }
}

/** Passwords, accounts and keys. */
async function administer(request, response, accounts, me, pathname) {
  const [, , area, id, part = ""] = pathname.split("/");
  switch (`${request.method} ${area} ${id === undefined ? "" : "one"} ${part}`.trim()) {
    case "PUT session one":
      accounts.changePassword(me, await bodyOf(request));
      return response.writeHead(204).end();
    case "GET accounts":
      return json(response, 200, accounts.list(me));
    case "POST accounts":
      return json(response, 201, accounts.create(me, await bodyOf(request)));
    case "PATCH accounts one":
      return json(response, 200, accounts.change(me, id, await bodyOf(request)));
    case "POST accounts one invitation":
      return json(response, 201, accounts.invite(me, id));
    case "GET keys":
      return json(response, 200, accounts.keys(me));
    case "POST keys":
      return json(response, 201, accounts.createKey(me, await bodyOf(request)));
    case "DELETE keys one":
      accounts.revokeKey(me, id);
      return response.writeHead(204).end();
    default:
      throw new Refused(404, "route.unknown");
  }
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

function refuse(response, { status, code, message, hint, conversation, retryAfter }) {
  if (retryAfter !== undefined) response.setHeader("retry-after", String(retryAfter));
  if (conversation !== undefined) {
    response.setHeader("location", `/v1/conversations/${conversation}`);
  }
  return json(response, status, { object: "error", message, code, hint });
}

function json(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  return response.end(JSON.stringify(body));
}
