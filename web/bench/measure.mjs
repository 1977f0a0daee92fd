/**
 * Measures the page: `node bench/measure.mjs OUT ROUNDS`. `GALERNE_BIN` is started on
 * `GALERNE_DATA_DIR`, a new data directory with a model, which `GALERNE_SEED_BIN` fills. Writes
 * what was measured as JSON to `OUT`. `make bench-web` calls it; `PARTS=lists,stream,load` leaves
 * out the others.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { launch } from "../e2e/browser.mjs";
import { startServer } from "../e2e/server.mjs";
import { visit } from "./first-load.mjs";
import { askServer, openList } from "./lists.mjs";
import { CONDITIONS, SCENES, stream } from "./streaming.mjs";

const CONVERSATIONS = 100_000;
const REQUESTS_PER_ROUND = 5;

const run = promisify(execFile);
const { GALERNE_DATA_DIR: data, GALERNE_SEED_BIN: seeder, PARTS = "load,lists,stream" } = process.env;
const parts = new Set(PARTS.split(","));
const [out, rounds] = [process.argv[2], Number(process.argv[3])];

const { filled, alone } = await prepare();
const server = await startServer();
const browser = await launch();
const samples = [];
try {
  const signedIn = await signIn(server);
  for (let round = 1; round <= rounds; round += 1) {
    const sample = { round };
    if (parts.has("load")) sample.load = await visit(browser, server, signedIn.state);
    if (parts.has("lists")) sample.lists = await lists(signedIn);
    if (parts.has("stream")) sample.stream = await streams();
    samples.push(sample);
    tell(`round ${round}: ${JSON.stringify(sample, (key, value) => (isBulk(key) ? undefined : value))}`);
  }
} finally {
  await browser.close();
  await server.close();
}
const browserVersion = browser.version();
const facts = { browser: browserVersion, filled, streaming: CONDITIONS, requests: REQUESTS_PER_ROUND };
await writeFile(out, JSON.stringify({ ...facts, store_alone: alone, samples }));

/** Founds the installation, fills it, and asks its store before there is a server. */
async function prepare() {
  if (!parts.has("lists") && !parts.has("load")) return { filled: null, alone: [] };
  const founding = await startServer();
  await founding.close();
  const database = join(data, "galerne.db");
  tell(`writing ${CONVERSATIONS} conversations`);
  const filling = process.env.GALERNE_FILLED ? null : await run(seeder, ["fill", database, String(CONVERSATIONS)]);
  const count = String(rounds * REQUESTS_PER_ROUND);
  const asked = await run(seeder, ["ask", database, count]);
  return { filled: JSON.parse(filling?.stdout ?? "null"), alone: JSON.parse(asked.stdout) };
}

async function signIn({ origin, link }) {
  const context = await browser.newContext();
  const token = new URLSearchParams(new URL(link).hash.slice(1)).get("token");
  const answer = await context.request.post(`${origin}/v1/session`, { data: { token } });
  if (!answer.ok()) throw new Error(`the link was refused: ${answer.status()}`);
  const state = await context.storageState();
  await context.close();
  const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  return { state, cookie };
}

async function lists({ state, cookie }) {
  const found = {};
  for (const asked of alone) {
    found[asked.name] = { server: await askServer(server, cookie, asked, REQUESTS_PER_ROUND) };
  }
  const page = await openList(browser, server, state);
  try {
    found.list.page = await page.switchView();
    found.archived.page = await page.switchView();
    await page.switchView();
    for (const { name, text } of alone.filter(({ text: searched }) => searched !== "")) {
      found[name].page = await page.search(text);
    }
  } finally {
    await page.close();
  }
  return found;
}

async function streams() {
  const found = {};
  for (const [name, scene] of Object.entries(SCENES)) found[name] = await stream(browser, scene);
  return found;
}

/** What is kept in the file, and too much to be told on the way. */
function isBulk(key) {
  return ["noted", "samples", "tasks"].includes(key);
}

function tell(text) {
  process.stderr.write(`-- ${text}\n`);
}
