/** A stand-in server that holds one long conversation and answers at a steady pace. */
import { DIST } from "../e2e/browser.mjs";
import { Conversations, USAGE, finish } from "../e2e/fake-conversations.mjs";
import { startFakeServer } from "../e2e/fake-server.mjs";
import { answer } from "./answers.mjs";

/** Models make about one token of four characters of English. */
const CHARACTERS_PER_TOKEN = 4;
const MODEL = "smollm2-135m-instruct";

/**
 * Starts it with a conversation of `messages`. Every question is answered with `text`, one event a
 * token, `tokensPerSecond` of them. `pace()` tells how fast the last answer really was.
 */
export async function startLongConversation({ messages, text, tokensPerSecond }) {
  const last = { tokens: 0, seconds: 0 };
  const play = async (turn) => {
    const begun = performance.now();
    let count = 0;
    for (const token of tokensOf(text)) {
      await until(begun + (count * 1000) / tokensPerSecond);
      if (turn.answer.state !== "running") return;
      turn.answer.content += token;
      turn.readers.forEach(({ send }) => send());
      count += 1;
      Object.assign(last, { tokens: count, seconds: (performance.now() - begun) / 1000 });
    }
    finish(turn, "complete");
  };
  const conversations = new Conversations((turn) => void play(turn));
  const entries = entriesOf(messages);
  const head = entries.at(-1).id;
  const id = conversations.seed({ name: "Readings of the year", entries, head });
  const server = await startFakeServer({ dist: process.env.GALERNE_DIST ?? DIST, conversations });
  return { ...server, id, pace: () => last.tokens / last.seconds, tokens: () => last.tokens };
}

function entriesOf(messages) {
  const entries = [];
  for (let number = 0; number < messages / 2; number += 1) {
    const parent_id = entries.at(-1)?.id ?? null;
    const input = { object: "entry", type: "message.input", id: idOf(2 * number), role: "user" };
    const content = `What follows from reading ${number + 1}, and what should we do about it?`;
    entries.push({ ...input, content, parent_id });
    const output = { object: "entry", type: "message.output", id: idOf(2 * number + 1) };
    const end = { state: "complete", usage: USAGE, error_code: null, parent_id: input.id };
    entries.push({ ...output, role: "assistant", model: MODEL, content: answer(number), ...end });
  }
  return entries;
}

function idOf(number) {
  return `msg_${number.toString(16).padStart(32, "0")}`;
}

function tokensOf(text) {
  return text.match(new RegExp(`.{1,${CHARACTERS_PER_TOKEN}}`, "gsu"));
}

function until(at) {
  const rest = at - performance.now();
  return rest > 0 ? new Promise((resolve) => setTimeout(resolve, rest)) : undefined;
}
