/** What it is like to type while an answer streams into a long conversation. */
import { openPage } from "../e2e/browser.mjs";
import { longAnswer, longList } from "./answers.mjs";
import { inp, interactions, layoutShift, longest, quantile } from "./figures.mjs";
import { startLongConversation } from "./long-conversation.mjs";
import { installProbe } from "./probe.mjs";

export const CONDITIONS = { messages: 2000, tokens_per_second: 100, slowdown: 4, seconds: 8 };

const CHARACTERS = CONDITIONS.seconds * CONDITIONS.tokens_per_second * 4;
const KEY_INTERVAL_MS = 100;
/** The browser reports no faster event. */
const EVENT_MS_MIN = 16;
/** The page may move as long after a question: it is placed at the top. */
const ASKED_MS = 500;
/** Until the end of the answer has been drawn. */
const END_MS = 1000;

/** What streams, and into how much of the conversation. */
export const SCENES = {
  opened: { text: longAnswer(CHARACTERS), isWhole: false },
  whole: { text: longAnswer(CHARACTERS), isWhole: true },
  one_block: { text: longList(CHARACTERS), isWhole: false },
};

/** One scene, from opening the conversation to the end of the answer. */
export async function stream(browser, { text, isWhole }, trace = null) {
  const { messages, tokens_per_second: tokensPerSecond, slowdown } = CONDITIONS;
  const server = await startLongConversation({ messages, text, tokensPerSecond });
  const { context, page, problems } = await openPage(browser, server.origin);
  try {
    await context.addInitScript(installProbe);
    await context.addCookies([{ name: "galerne_session", value: "s", url: server.origin }]);
    const cdp = await context.newCDPSession(page);
    await cdp.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
    await page.goto(`${server.origin}/c/${server.id}`);
    await page.locator(".turns:last-child > .turn:last-child .prov").waitFor();
    await rest(page);
    const opening = await page.evaluate(() => ({
      shown: document.querySelectorAll(".turn").length,
      tasks: window.bench.tasks,
    }));
    if (isWhole) await showEverything(page);
    await trace?.begin(page);
    const noted = await streamAndType(page, server);
    await trace?.end();
    if (problems.length > 0) throw new Error(`the page had problems: ${problems.join("; ")}`);
    const figures = { ...figuresOf(noted), opening_longest_task_ms: longest(opening.tasks) };
    return { ...figures, noted: kept(noted) };
  } finally {
    await context.close();
    await server.close();
  }
}

async function showEverything(page) {
  const earlier = page.locator(".earlier button");
  while ((await earlier.count()) > 0) await earlier.click();
  await rest(page);
}

/** Until the page has had nothing to do for a moment. */
async function rest(page) {
  const idle = () => new Promise((resolve) => requestIdleCallback(() => resolve()));
  for (let count = 0; count < 3; count += 1) await page.evaluate(idle);
}

/** Asks, types until the answer is complete, and follows the text from its middle on. */
async function streamAndType(page, server) {
  const field = page.locator(".composer textarea");
  await field.fill("What does all of that come to?");
  await rest(page);
  await page.evaluate(() => {
    Object.assign(window.bench, { tasks: [], events: [], shifts: [] });
    window.bench.before = { interactions: performance.interactionCount, asked: performance.now() };
  });
  // From here on nothing is looked for in the page: that would be work of its main thread too.
  await page.keyboard.press("Enter");
  const keys = await type(page, server);
  await new Promise((resolve) => setTimeout(resolve, END_MS));
  const noted = await page.evaluate(() => {
    const { tasks, events, shifts, before } = window.bench;
    const drawn = document.querySelectorAll(".turn").length;
    const interactions = performance.interactionCount - before.interactions;
    return { drawn, asked: before.asked, interactions, tasks, events, shifts };
  });
  return { ...noted, keys, tokens_per_second: server.pace() };
}

/** One line of text to and fro, so that the field keeps its size. */
async function type(page, server) {
  const line = "And what of the year before";
  const strokes = [...line, ...Array.from(line, () => "Backspace")];
  const total = CONDITIONS.seconds * CONDITIONS.tokens_per_second;
  let [count, isFollowing] = [0, false];
  for (let at = performance.now(); server.tokens() < total; at += KEY_INTERVAL_MS) {
    await page.keyboard.press(strokes[count % strokes.length]);
    count += 1;
    if (!isFollowing && server.tokens() > total / 2) {
      isFollowing = true;
      await follow(page);
    }
    const wait = at + KEY_INTERVAL_MS - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    else at = performance.now() - KEY_INTERVAL_MS;
  }
  return count;
}

/** What is kept of everything that was noted, in milliseconds. */
function kept({ tasks, events, shifts }) {
  // Without the one that asks.
  const keydowns = events.filter(({ name }) => name === "keydown").slice(1);
  return {
    tasks: tasks.map(({ duration }) => duration),
    keystrokes: keydowns.map(({ duration }) => duration),
    shifts: shifts.map(({ value }) => value),
  };
}

/** Presses the button that follows the text, then the field again. */
async function follow(page) {
  const places = await page.evaluate(() => {
    const centre = (selector) => {
      const { x, y, width, height } = document.querySelector(selector).getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    };
    return [centre(".chip.more"), centre(".composer textarea")];
  });
  for (const [x, y] of places) await page.mouse.click(x, y);
}

function figuresOf(noted) {
  const { events, interactions: count, tasks, shifts, asked, keys, tokens_per_second, drawn } = noted;
  const isKey = ({ name }) => /^(?:key|input|beforeinput)/u.test(name);
  const ofKeys = events.filter(isKey);
  // The first key is the one that asks: it draws a new turn, and nothing streams yet.
  const first = ofKeys.toSorted((one, other) => one.startTime - other.startTime)[0];
  const isAsking = ({ interactionId }) => interactionId === first?.interactionId;
  const asking = interactions(ofKeys.filter(isAsking), 1, EVENT_MS_MIN);
  const typed = interactions(ofKeys.filter((event) => !isAsking(event)), keys, EVENT_MS_MIN);
  return {
    tokens_per_second,
    turns_drawn: drawn,
    longest_task_ms: longest(tasks),
    tasks_over_50_ms: tasks.length,
    asking_ms: Math.max(...asking),
    keystroke_p50_ms: quantile(typed, 0.5),
    keystroke_p95_ms: quantile(typed, 0.95),
    keystroke_max_ms: Math.max(...typed),
    inp_ms: inp(interactions(events, count, EVENT_MS_MIN)),
    layout_shift: layoutShift(shifts.filter(({ startTime }) => startTime > asked + ASKED_MS)),
  };
}
