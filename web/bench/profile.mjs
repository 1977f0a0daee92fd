/**
 * Where the time goes while an answer streams: `node bench/profile.mjs SCENE`. Best with a build
 * that keeps its names: `npx vite build --minify false --outDir DIR`, and `GALERNE_DIST=DIR`.
 */
import { launch } from "../e2e/browser.mjs";
import { SCENES, stream } from "./streaming.mjs";

const CATEGORIES = ["devtools.timeline", "toplevel", "v8.execute", "disabled-by-default-v8.cpu_profiler"];
const ROWS = 30;

const scene = SCENES[process.argv[2] ?? "opened"];
const browser = await launch();
try {
  let events = [];
  const trace = {
    begin: (page) => browser.startTracing(page, { categories: CATEGORIES }),
    end: async () => {
      events = JSON.parse(await browser.stopTracing()).traceEvents;
    },
  };
  const { noted: _noted, ...figures } = await stream(browser, scene, trace);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  const thread = mainThread(events);
  table("kinds of work on the main thread, self time in ms", kinds(events, thread));
  const { self, total } = functions(events, thread);
  table("functions, self time in ms", self);
  table("functions, total time in ms", total);
} finally {
  await browser.close();
}

/** The main thread of the process that drew the most. */
function mainThread(events) {
  const names = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const busy = ({ pid, tid }) =>
    events.reduce((sum, event) => {
      const isIts = event.pid === pid && event.tid === tid && event.name === "FunctionCall";
      return sum + (isIts ? (event.dur ?? 0) : 0);
    }, 0);
  return names.sort((one, other) => busy(other) - busy(one))[0];
}

/** Time of each kind of work, without that of the work inside it. */
function kinds(events, { pid, tid }) {
  const own = events.filter((event) => event.pid === pid && event.tid === tid && event.ph === "X");
  own.sort((one, other) => one.ts - other.ts || other.dur - one.dur);
  const sums = new Map();
  const open = [];
  for (const { name, ts, dur = 0 } of own) {
    while (open.length > 0 && open.at(-1).end <= ts) open.pop();
    add(sums, name, dur / 1000);
    if (open.length > 0) add(sums, open.at(-1).name, -dur / 1000);
    open.push({ name, end: ts + dur });
  }
  return sums;
}

/** Time of each function by the samples of the profiler. */
function functions(events, { pid }) {
  const nodes = new Map();
  const [self, total] = [new Map(), new Map()];
  for (const { name, pid: own, args } of events) {
    if (name !== "ProfileChunk" || own !== pid) continue;
    const { cpuProfile = {}, timeDeltas = [] } = args.data;
    for (const node of cpuProfile.nodes ?? []) nodes.set(node.id, node);
    (cpuProfile.samples ?? []).forEach((id, at) => {
      const ms = (timeDeltas[at] ?? 0) / 1000;
      add(self, labelOf(nodes.get(id)), ms);
      const seen = new Set();
      for (let node = nodes.get(id); node !== undefined; node = nodes.get(node.parent)) {
        const label = labelOf(node);
        if (!seen.has(label)) add(total, label, ms);
        seen.add(label);
      }
    });
  }
  return { self, total };
}

function labelOf(node) {
  if (node === undefined) return "?";
  const { functionName, url = "", lineNumber } = node.callFrame;
  return `${functionName || "(anonymous)"} ${url.split("/").at(-1)}:${(lineNumber ?? 0) + 1}`;
}

function add(sums, key, value) {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function table(title, sums) {
  const rows = [...sums].sort(([, one], [, other]) => other - one).slice(0, ROWS);
  const lines = rows.map(([name, ms]) => `${ms.toFixed(0).padStart(8)}  ${name}`);
  process.stdout.write(`\n${title}\n${lines.join("\n")}\n`);
}
