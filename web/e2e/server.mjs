/**
 * The server under test. `GALERNE_URL` names a running one (its one-time link); otherwise
 * `GALERNE_BIN` is started on `GALERNE_DATA_DIR`, or on a new data directory into which
 * `GALERNE_MODEL_FILE` is imported.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const MODEL = "smollm2-135m-instruct";
const run = promisify(execFile);

/** Why there is nothing to test, or `false`. */
export const missing =
  process.env.GALERNE_URL || process.env.GALERNE_BIN ? false : "GALERNE_BIN is not set";

export async function startServer() {
  const { GALERNE_URL: link, GALERNE_BIN: binary } = process.env;
  if (link) {
    const nothing = async () => undefined;
    return { link, origin: new URL(link).origin, close: nothing, paused: (act) => act() };
  }
  const scratch = await mkdtemp(join(tmpdir(), "galerne-browser-"));
  const removeScratch = () => rm(scratch, { recursive: true, force: true });
  try {
    const data = process.env.GALERNE_DATA_DIR || (await prepare(binary, scratch));
    const { child, link: printed } = await serve(binary, data);
    const close = async () => {
      await stop(child);
      await removeScratch();
    };
    const paused = (act) => whilePaused(child, act);
    return { link: printed, origin: new URL(printed).origin, close, paused };
  } catch (error) {
    await removeScratch();
    throw error;
  }
}

async function prepare(binary, data) {
  const file = process.env.GALERNE_MODEL_FILE;
  if (!file) throw new Error("set GALERNE_MODEL_FILE or GALERNE_DATA_DIR");
  await run(binary, ["model", "import", file, "--id", MODEL, "--data-dir", data]);
  return data;
}

/** Starts the server and waits for its line `ready`; returns the link that it printed. */
async function serve(binary, data) {
  const child = spawn(binary, ["serve", "--data-dir", data, "--listen", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let link = null;
  for await (const line of createInterface({ input: child.stdout })) {
    link = /^page: (\S+)/u.exec(line)?.[1] ?? link;
    if (line === "ready" && link !== null) {
      child.stdout.resume();
      return { child, link };
    }
  }
  throw new Error(`the server ended before it was ready (exit code ${child.exitCode})`);
}

/** Does this while the server stands still: an answer that has begun cannot end meanwhile. */
async function whilePaused(child, act) {
  child.kill("SIGSTOP");
  try {
    return await act();
  } finally {
    child.kill("SIGCONT");
  }
}

function stop(child) {
  if (child.exitCode !== null) return undefined;
  return new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGTERM");
  });
}
