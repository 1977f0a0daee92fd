/** Holds and erasures of the stand-in server, in memory. */
import { randomUUID } from "node:crypto";

import { Refused } from "./fake-conversations.mjs";

const PERMISSION = "data_protection";

export class Protection {
  #accounts;
  #holds = [];
  #erasures = [];
  /** Whether an erasure goes on until `finish` is called. */
  isSlow = false;

  constructor(accounts) {
    this.#accounts = accounts;
  }

  /** A hold that is there already; the account is given by its name. */
  seedHold({ account, ...fields }) {
    const id = account === undefined ? null : this.#accounts.named(account).id;
    const placed_at = "2026-11-20T08:00:00Z";
    this.#holds.unshift({ id: randomUUID(), account: id, placed_at, lifted_at: null, ...fields });
    return this.#holds[0];
  }

  seedErasure(fields) {
    this.#erasures.unshift({ ...newErasure("owner", "order"), ...fields });
    return this.#erasures[0];
  }

  /** Everything that is under way is done. */
  finish() {
    for (const erasure of this.#erasures) Object.assign(erasure, DONE, { certificate: certify(erasure) });
  }

  async answer(me, method, [area, id], body) {
    this.#accounts.must(me, PERMISSION);
    switch (`${method} ${area} ${id === undefined ? "" : "one"}`.trim()) {
      case "GET holds":
        return [200, { data: this.#holds }];
      case "POST holds":
        return [201, this.#place(await body())];
      case "DELETE holds one":
        return [204, this.#lift(id)];
      case "GET erasures":
        return [200, { data: this.#erasures }];
      case "GET erasures one":
        return [200, this.#erasure(id)];
      default:
        throw new Refused(404, "route.unknown");
    }
  }

  /** Erases an account for good. */
  erase(me, id, { reason }) {
    this.#accounts.must(me, PERMISSION);
    const account = this.#accounts.byId(id);
    if (account === undefined) throw new Refused(404, "account.unknown");
    const covers = (hold) => hold.account === null || hold.account === id;
    const hold = this.#holds.find((one) => one.lifted_at === null && covers(one));
    if (hold !== undefined) throw new Refused(409, "hold.in_force");
    if (account.name === "owner") throw new Refused(409, "account.last_owner");
    this.#accounts.remove(id);
    const erasure = newErasure(me.role, reason);
    this.#erasures.unshift(erasure);
    if (!this.isSlow) this.finish();
    return [this.isSlow ? 202 : 200, erasure];
  }

  #place({ account = null, reason, reference }) {
    const isKnown = account === null || this.#accounts.byId(account) !== undefined;
    if (!isKnown) throw new Refused(404, "account.unknown");
    const placed_at = new Date().toISOString();
    this.#holds.unshift({ id: randomUUID(), account, reason, reference, placed_at, lifted_at: null });
    return this.#holds[0];
  }

  #lift(id) {
    const hold = this.#holds.find((one) => one.id === id && one.lifted_at === null);
    if (hold === undefined) throw new Refused(404, "hold.unknown");
    hold.lifted_at = new Date().toISOString();
    return null;
  }

  #erasure(id) {
    const found = this.#erasures.find((one) => one.id === id);
    if (found === undefined) throw new Refused(404, "erasure.unknown");
    return found;
  }
}

const DONE = {
  state: "done",
  removed_at: "2026-11-23T05:00:01Z",
  erased: [
    { class: "conversations", count: 12 },
    { class: "entries", count: 340 },
    { class: "api_keys", count: 0 },
    { class: "usage_records_unlinked", count: 171 },
    { class: "pseudonym_keys", count: 4 },
  ],
};

function newErasure(role, reason) {
  const subject = `acc:${randomUUID().replaceAll("-", "")}`;
  const ordered = { reason, ordered_by: role, ordered_at: "2026-11-23T05:00:00Z" };
  const open = { state: "under_way", removed_at: null, erased: [], certificate: null };
  return { id: randomUUID(), subject, ...ordered, ...open };
}

function certify({ subject, reason }) {
  return `galerne erasure v1\n${JSON.stringify({ subject, reason })}\n\n— example.org/log c2lnbmF0dXJl\n`;
}
