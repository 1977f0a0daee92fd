/** Break-glass of the stand-in server, in memory. */
import { randomUUID } from "node:crypto";

import { Refused } from "./fake-conversations.mjs";

const WAITING_MS = 24 * 60 * 60 * 1000;

export class Openings {
  #all = [];
  #accounts;
  #conversations;
  /** How often the list was read. */
  looks = 0;

  constructor(accounts, conversations) {
    this.#accounts = accounts;
    this.#conversations = conversations;
  }

  /** One that is there already; accounts are given by their names. */
  seed({ account, requester, approver, closer, ...fields }) {
    const id = (name) => (name === undefined ? undefined : this.#accounts.named(name).id);
    const opening = {
      id: randomUUID(),
      account: id(account),
      requester: id(requester),
      approver: id(approver) ?? null,
      closer: id(closer) ?? null,
      minutes: 30,
      requested_at: new Date().toISOString(),
      approved_at: null,
      closed_at: null,
      ...fields,
    };
    this.#all.unshift(opening);
    return opening;
  }

  async answer(me, method, [id, part, conversation], body) {
    if (id === undefined && method === "GET") return [200, this.#list(me)];
    this.#accounts.must(me, "break_glass");
    if (id === undefined && method === "POST") return [201, this.#request(me, await body())];
    const opening = this.#find(id);
    switch (`${method} ${part ?? ""}`) {
      case "DELETE ":
        return [200, this.#close(me, opening)];
      case "POST approval":
        return [200, this.#approve(me, opening)];
      case "GET conversations":
        this.#mustRead(me, opening);
        return [200, this.#read(conversation)];
      default:
        throw new Refused(404, "route.unknown");
    }
  }

  #list(me) {
    this.looks += 1;
    const seesAll = ["owner", "data_officer", "auditor"].includes(me.role);
    const seen = this.#all.filter(({ account }) => seesAll || account === me.id);
    return { data: seen.map((opening) => this.#shown(opening)) };
  }

  #request(me, { account, reason, minutes }) {
    if (reason.trim().length < 10) throw new Refused(422, "request.invalid");
    if (account === me.id) throw new Refused(403, "opening.denied");
    if (this.#accounts.byId(account) === undefined) throw new Refused(404, "account.unknown");
    const requested_at = new Date().toISOString();
    const asked = { id: randomUUID(), account, requester: me.id, reason, minutes, requested_at };
    this.#all.unshift({ ...asked, approver: null, approved_at: null, closer: null, closed_at: null });
    return this.#shown(this.#all[0]);
  }

  #approve(me, opening) {
    const pair = [me.role, this.#accounts.byId(opening.requester).role];
    const isAllowed = ![opening.requester, opening.account].includes(me.id);
    if (!isAllowed || !pair.includes("data_officer")) throw new Refused(403, "opening.denied");
    if (stateOf(opening) !== "waiting") throw new Refused(409, "opening.over");
    Object.assign(opening, { approver: me.id, approved_at: new Date().toISOString() });
    return this.#shown(opening);
  }

  #close(me, opening) {
    if (!["waiting", "open"].includes(stateOf(opening))) throw new Refused(409, "opening.over");
    Object.assign(opening, { closer: me.id, closed_at: new Date().toISOString() });
    return this.#shown(opening);
  }

  #mustRead(me, opening) {
    if (opening.requester !== me.id) throw new Refused(403, "opening.denied");
    if (stateOf(opening) !== "open") throw new Refused(409, "opening.over");
  }

  #read(conversation) {
    if (conversation !== undefined) return this.#conversations.history(conversation);
    const data = this.#conversations.list({ archived: "any" });
    return { data, total: data.length };
  }

  #find(id) {
    const found = this.#all.find((opening) => opening.id === id);
    if (found === undefined) throw new Refused(404, "opening.unknown");
    return found;
  }

  #shown(opening) {
    const name = (id) => this.#accounts.byId(id)?.name ?? null;
    return {
      ...opening,
      account_name: name(opening.account),
      requester_name: name(opening.requester),
      approver_name: name(opening.approver),
      closer_name: name(opening.closer),
      state: stateOf(opening),
      until: opening.approved_at === null ? null : new Date(untilOf(opening)).toISOString(),
    };
  }
}

function untilOf({ approved_at, minutes }) {
  return Date.parse(approved_at) + minutes * 60_000;
}

function stateOf(opening) {
  const { requested_at, approved_at, closed_at } = opening;
  if (approved_at === null) {
    if (closed_at !== null) return "refused";
    return Date.now() < Date.parse(requested_at) + WAITING_MS ? "waiting" : "lapsed";
  }
  if (closed_at !== null && Date.parse(closed_at) < untilOf(opening)) return "revoked";
  return Date.now() < untilOf(opening) ? "open" : "ended";
}
