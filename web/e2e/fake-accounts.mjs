/**
 * Accounts, sessions and keys of the stand-in server, in memory. Whoever has no password signs in
 * with a token.
 */
import { randomBytes } from "node:crypto";

import { Refused } from "./fake-conversations.mjs";

const COOKIE = "galerne_session";
export const OWNER_PASSWORD = "a grey heron on the quay";
const PASSWORD_CHARACTERS_MIN = 15;
const PERMISSIONS = {
  owner: ["models", "conversations", "keys", "accounts", "log", "break_glass", "data_protection"],
  admin: ["models", "conversations", "keys", "accounts"],
  auditor: ["log"],
  data_officer: ["models", "conversations", "log", "break_glass", "data_protection"],
  developer: ["models", "conversations", "keys"],
  member: ["models", "conversations"],
};
const NAME = /^[a-z0-9][a-z0-9._+@-]{0,127}$/u;
const CREATED = "2026-11-20T08:00:00Z";

export class Accounts {
  #all = new Map();
  #tokens = new Map();
  #sessions = new Map();
  #keys = [];
  /** What the next requests of a route answer instead, by `METHOD /path`. */
  faults = new Map();

  constructor() {
    this.add("owner", { role: "owner", password: OWNER_PASSWORD, token: "first" });
  }

  add(name, { role = "member", kind = "person", password = null, token } = {}) {
    const id = `acc_${randomBytes(16).toString("hex")}`;
    const account = { id, name, kind, role, password, created_at: CREATED, disabled_at: null };
    this.#all.set(id, account);
    if (token !== undefined) this.addToken(token, name);
    return account;
  }

  addToken(token, name = "owner") {
    this.#tokens.set(token, this.#named(name).id);
  }

  endSessions() {
    this.#sessions.clear();
  }

  /** The account that the cookie of a request signs in. */
  signedIn(request) {
    const found = new RegExp(`${COOKIE}=(\\w+)`, "u").exec(request.headers.cookie ?? "");
    const account = this.#all.get(this.#sessions.get(found?.[1]));
    return account?.disabled_at === null ? account : undefined;
  }

  /** Refuses what the role of an account does not contain. */
  must(me, permission) {
    must(me, permission);
  }

  /** The cookie of a new session. */
  signIn({ token, name, password }) {
    const account = token === undefined ? this.#named(name) : this.#all.get(this.#tokens.get(token));
    this.#tokens.delete(token);
    if (token !== undefined && account === undefined) throw new Refused(401, "auth.link_invalid");
    if (name === "locked") throw new Refused(429, "capacity.exhausted", { retryAfter: 840 });
    if (token === undefined && (account?.password ?? null) !== password) {
      throw new Refused(401, "auth.password_wrong");
    }
    const session = randomBytes(16).toString("hex");
    this.#sessions.set(session, account.id);
    return `${COOKIE}=${session}; HttpOnly; SameSite=Strict; Path=/`;
  }

  endedCookie() {
    return `${COOKIE}=; Max-Age=0; Path=/`;
  }

  session(account) {
    const facts = { organisation: "o", project: "p", expires_at: "2026-11-23T08:00:00Z" };
    return { ...facts, account: shown(account), has_password: account.password !== null };
  }

  changePassword(account, { current, new: chosen }) {
    if (account.password !== null && account.password !== current) {
      throw new Refused(401, "auth.password_wrong");
    }
    if ([...chosen].length < PASSWORD_CHARACTERS_MIN || new Set(chosen).size === 1) {
      const message = "a password that repeats one character or the name is guessed first";
      throw new Refused(422, "request.invalid", { message });
    }
    account.password = chosen;
  }

  /** An account by its name. */
  named(name) {
    return this.#named(name);
  }

  byId(id) {
    return this.#all.get(id);
  }

  remove(id) {
    this.#all.delete(id);
  }

  list(me, permission = "accounts") {
    must(me, permission);
    const sorted = [...this.#all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { data: sorted.map(shown) };
  }

  create(me, { name, role, kind = "person" }) {
    mustAppoint(me, role);
    if (!NAME.test(name)) {
      const message = `name: \`${name}\` is not the name of an account`;
      throw new Refused(422, "request.invalid", { message });
    }
    if (this.#named(name) !== undefined) throw new Refused(409, "account.exists");
    return shown(this.add(name, { role, kind }));
  }

  change(me, id, { role, disabled }) {
    const account = this.#find(id);
    mustAppoint(me, account.role);
    const owners = [...this.#all.values()].filter((one) => one.role === "owner");
    const isLast = account.role === "owner" && owners.length === 1;
    if (isLast && (disabled === true || role !== undefined)) {
      throw new Refused(409, "account.last_owner");
    }
    if (role !== undefined) {
      mustAppoint(me, role);
      account.role = role;
    }
    if (disabled !== undefined) account.disabled_at = disabled ? CREATED : null;
    return shown(account);
  }

  invite(me, id) {
    const account = this.#find(id);
    mustAppoint(me, account.role);
    if (account.password !== null) throw new Refused(409, "account.has_password");
    const token = randomBytes(16).toString("hex");
    this.#tokens.set(token, id);
    return { token, valid_seconds: 600 };
  }

  keys(me) {
    must(me, "keys");
    return { data: this.#keys.filter(({ owner }) => owner === me.id).map(shownKey) };
  }

  createKey(me, { name, permissions = ["models"], expires_in_days: days }) {
    must(me, "keys");
    const expires_at = days === undefined ? null : new Date(Date.now() + days * 864e5).toISOString();
    const id = `key_${randomBytes(16).toString("hex")}`;
    const times = { created_at: new Date().toISOString(), expires_at, revoked_at: null };
    const key = { id, owner: me.id, name, permissions, ...times };
    this.#keys.unshift(key);
    return { ...shownKey(key), key: `glr_live_${randomBytes(24).toString("hex")}` };
  }

  revokeKey(me, id) {
    must(me, "keys");
    const key = this.#keys.find((one) => one.id === id && one.owner === me.id);
    if (key === undefined) throw new Refused(404, "key.unknown");
    key.revoked_at = new Date().toISOString();
  }

  #named(name) {
    return [...this.#all.values()].find((one) => one.name === name);
  }

  #find(id) {
    const found = this.#all.get(id);
    if (found === undefined) throw new Refused(404, "account.unknown");
    return found;
  }
}

function must({ role }, permission) {
  if (!PERMISSIONS[role].includes(permission)) throw new Refused(403, "auth.forbidden");
}

function mustAppoint(me, role) {
  must(me, "accounts");
  const isAllowed = me.role === "owner" || ["developer", "member"].includes(role);
  if (!isAllowed) throw new Refused(403, "auth.forbidden");
}

function shown({ password: _password, ...account }) {
  return { ...account, permissions: PERMISSIONS[account.role] };
}

function shownKey({ owner: _owner, ...key }) {
  return key;
}
