/**
 * Conversations of the stand-in server, in memory: the tree, the turns that go on without their
 * client, drafts and keys. What an answer says, and how it fails, depends on the question.
 */
import { randomBytes } from "node:crypto";

const PIECE_MS = 8;
const SLOW_PIECE_MS = 60;
const BREAK_AFTER_PIECES = 20;

const ENERGY_JOULES = 23.4;
const GRAMS_PER_KWH = 33;
const JOULES_PER_KWH = 3_600_000;

export const USAGE = {
  prompt_tokens: 31,
  completion_tokens: 84,
  total_tokens: 115,
  energy_joules: ENERGY_JOULES,
  energy_method: "estimated",
  energy_uncertainty_percent: 30,
  co2e_grams: (ENERGY_JOULES / JOULES_PER_KWH) * GRAMS_PER_KWH,
  co2e_method: "estimated",
  co2e_uncertainty_percent: 40,
  grid_factor_grams_per_kwh: GRAMS_PER_KWH,
  grid_factor_year: 2022,
  grid_factor_source: "A published table of grid factors",
  grid_zone: "FR",
  site: "local",
};

/** A request that is refused. */
export class Refused extends Error {
  /** `conversation` keeps the question in spite of it. */
  constructor(status, code, { message, hint, conversation, retryAfter } = {}) {
    super(message ?? `The server says ${code}`);
    Object.assign(this, { status, code, hint, conversation, retryAfter });
  }
}

export class Conversations {
  #all = new Map();
  #drafts = new Map();
  #keys = new Map();
  #write;
  /** How often each route was used, by name. */
  counts = {};

  /** `write(turn, question)` plays the answers. */
  constructor(write = writeWords) {
    this.#write = write;
  }

  list({ search = "", archived = "false" }) {
    const found = [...this.#all.values()].filter(
      (one) =>
        (archived === "any" || String(one.archived) === archived) &&
        one.name.toLowerCase().includes(search.toLowerCase()),
    );
    found.sort(
      (a, b) => Number(b.pinned) - Number(a.pinned) || b.updated_at.localeCompare(a.updated_at),
    );
    return found.map(card);
  }

  /** A conversation that is there already; `fields` may name it, date it, pin it. */
  seed(fields) {
    const one = Object.assign(this.#create(fields.name, "first-model"), fields);
    return one.id;
  }

  read(id) {
    return card(this.#find(id));
  }

  change(id, { name, pinned, archived, head }) {
    const one = this.#find(id);
    if (head !== undefined && !one.entries.some((entry) => entry.id === head)) {
      throw new Refused(404, "entry.not_found");
    }
    Object.entries({ name, pinned, archived, head }).forEach(([key, value]) => {
      if (value !== undefined) one[key] = value;
    });
    return card(one);
  }

  remove(id) {
    this.#find(id);
    this.#all.delete(id);
  }

  history(id) {
    const { entries, head } = this.#find(id);
    return {
      object: "conversation.history",
      conversation_id: id,
      entries: entries.map(({ parts: _parts, ...entry }) => entry),
      head,
    };
  }

  /** Begins a turn, or finds the one that the key began. */
  begin(id, body, key) {
    this.counts.begin = (this.counts.begin ?? 0) + 1;
    const known = key === undefined ? undefined : this.#keys.get(key);
    if (known !== undefined) return known;
    const text = questionOf(body.inputs);
    if (text === "unknown code") throw new Refused(418, "tray.empty", { hint: "Fill the tray." });
    const one = id === null ? this.#create(text, body.model) : this.#find(id);
    if (one.entries.some(({ state }) => state === "running")) {
      throw new Refused(409, "conversation.busy");
    }
    const turn = this.#beginTurn(one, body, text);
    if (key !== undefined) this.#keys.set(key, turn);
    if (text === "too long") {
      finish(turn, "failed", "context.too_long");
      throw new Refused(400, "context.too_long", { conversation: one.id });
    }
    void this.#write(turn, text ?? "continued");
    return turn;
  }

  /** The running or latest turn. */
  turn(id) {
    const { turn } = this.#find(id);
    if (turn === null) throw new Refused(404, "entry.not_found");
    return turn;
  }

  stop(id) {
    const { turn } = this.#find(id);
    if (turn?.answer.state === "running") finish(turn, "stopped");
  }

  /** `null` where none is kept. */
  draft(key) {
    if (key !== "new") this.#find(key);
    return this.#drafts.get(key) ?? null;
  }

  putDraft(key, { text, attachments, model }) {
    if (key !== "new") this.#find(key);
    const isEmpty = text === "" && attachments.length === 0;
    if (isEmpty) this.#drafts.delete(key);
    else this.#drafts.set(key, { text, attachments, model, updated_at: now() });
  }

  /** Cuts every stream; the turns go on. */
  cut() {
    for (const { turn } of this.#all.values()) turn?.readers.forEach((reader) => reader.cut());
  }

  #find(id) {
    const one = this.#all.get(id);
    if (one === undefined) throw new Refused(404, "conversation.not_found");
    return one;
  }

  #create(text, model) {
    const id = `conv_${randomBytes(16).toString("hex")}`;
    const flags = { pinned: false, archived: false, description: null, instructions: null };
    const empty = { tools: [], completion_args: {}, metadata: {}, entries: [], turn: null };
    const stamps = { created_at: now(), updated_at: now() };
    const one = { id, name: text.slice(0, 80), model, head: null, ...flags, ...empty, ...stamps };
    this.#all.set(id, one);
    return one;
  }

  #beginTurn(one, { inputs, model, parent_id: wanted }, text) {
    let parent = wanted === "root" ? null : (wanted ?? one.head);
    if (parent !== null && !one.entries.some(({ id }) => id === parent)) {
      throw new Refused(404, "entry.not_found");
    }
    let input = null;
    if (text !== null) {
      const content = typeof inputs === "string" ? inputs : inputs[0].content;
      const type = "message.input";
      input = { object: "entry", type, id: entryId(), role: "user", content, parent_id: parent };
      one.entries.push(input);
      parent = input.id;
    }
    const type = "message.output";
    const rest = { content: "", state: "running", usage: null, error_code: null };
    const answer = { object: "entry", type, id: entryId(), role: "assistant", model, ...rest };
    one.entries.push({ ...answer, request_id: requestOf(answer.id), parent_id: parent });
    one.head = answer.id;
    one.updated_at = now();
    one.turn = { one, input, answer: one.entries.at(-1), readers: new Set() };
    return one.turn;
  }
}

/** Sends what a client lacks of a turn, then what comes, until the turn has ended. */
export function streamTurn(response, turn, lastEventId) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const { answer, input, one } = turn;
  let sent = Number(lastEventId ?? 0);
  if (lastEventId === undefined) {
    const ids = { conversation_id: one.id, input_id: input?.id ?? null, entry_id: answer.id };
    event(response, 0, { type: "conversation.response.started", ...ids, model: answer.model });
  }
  const send = () => {
    const bytes = Buffer.from(answer.content);
    if (bytes.length > sent) {
      const content = bytes.subarray(sent).toString();
      sent = bytes.length;
      event(response, sent, { type: "message.output.delta", id: answer.id, content });
    }
    if (answer.state === "running") return;
    turn.readers.delete(reader);
    event(response, sent, endOf(answer));
    response.end();
  };
  const reader = { send, cut: () => response.destroy() };
  turn.readers.add(reader);
  response.on("close", () => turn.readers.delete(reader));
  send();
}

function endOf({ id, state, usage, error_code: code }) {
  if (state !== "failed" && state !== "interrupted") {
    return { type: "conversation.response.done", usage, state, entry_id: id, request_id: requestOf(id) };
  }
  const rest = { message: `The server says ${code}`, code: 500, error_code: code, entry_id: id };
  return { type: "conversation.response.error", state, ...rest };
}

/** The request to the model has an id of its own; here it is made of the answer's. */
export function requestOf(entryId) {
  return entryId.replace("msg_", "");
}

function event(response, id, data) {
  const body = JSON.stringify({ created_at: now(), ...data });
  response.write(`id: ${id}\nevent: ${data.type}\ndata: ${body}\n\n`);
}

/** Writes the answer to a question, and fails as it asks. */
async function writeWords(turn, question) {
  const pause = question.startsWith("slow") ? SLOW_PIECE_MS : PIECE_MS;
  await writeText(turn, textFor(question), pause, (count) => {
    if (count !== BREAK_AFTER_PIECES) return;
    if (question === "break") turn.readers.forEach(({ cut }) => cut());
    if (question === "crash") finish(turn, "interrupted", "server.stopping");
    if (question === "fail") finish(turn, "failed", "engine.failed");
    if (question === "length") finish(turn, "length");
  });
}

/** Writes a text piece by piece, whether anybody reads it or not, until it is stopped. */
export async function writeText(turn, text, pauseMs, afterPiece = () => undefined) {
  let count = 0;
  for (const piece of text.match(/\s*\S+/gu) ?? []) {
    if (turn.answer.state !== "running") return;
    turn.answer.content += piece;
    turn.readers.forEach(({ send }) => send());
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    count += 1;
    afterPiece(count);
  }
  if (turn.answer.state === "running") finish(turn, "complete");
}

function textFor(question) {
  if (question.startsWith("say ")) return question.slice(4);
  return "One two three. ".repeat(question.startsWith("slow") ? 400 : 40);
}

/** Ends a turn, and tells everybody who reads it. */
export function finish(turn, state, code = null) {
  const isCounted = state !== "interrupted" && code !== "context.too_long";
  Object.assign(turn.answer, { state, error_code: code, usage: isCounted ? USAGE : null });
  turn.one.updated_at = now();
  [...turn.readers].forEach(({ send }) => send());
}

/** The text of the question; `null` where an earlier entry is answered or continued. */
function questionOf(inputs) {
  if (typeof inputs === "string") return inputs === "" ? null : inputs;
  if (inputs.length === 0) return null;
  const { content } = inputs[0];
  if (typeof content === "string") return content;
  return content.find(({ file_name: name }) => name === undefined)?.text ?? "say files";
}

function card({ entries, turn: _turn, ...one }) {
  const running = entries.some(({ state }) => state === "running");
  return { object: "conversation", ...one, running };
}

function entryId() {
  return `msg_${randomBytes(16).toString("hex")}`;
}

function now() {
  return new Date().toISOString();
}
