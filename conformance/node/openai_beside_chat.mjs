// What the official OpenAI SDK for Node asks of models beside one answer to a chat.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { KEY, MODEL, QUESTION, URL, check, expectUsageExtras, finish } from "./checks.mjs";

const client = new OpenAI({ apiKey: KEY, baseURL: `${URL}/v1`, maxRetries: 0 });
const messages = [{ role: "user", content: QUESTION }];

await check("several answers, complete and streamed", async () => {
  const fields = { model: MODEL, messages, n: 2, max_tokens: 12, temperature: 0, seed: 7 };
  const answer = await client.chat.completions.create(fields);
  assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
  expectUsageExtras(answer.usage);
  const texts = ["", ""];
  for await (const chunk of await client.chat.completions.create({ ...fields, stream: true })) {
    for (const choice of chunk.choices) texts[choice.index] += choice.delta.content ?? "";
  }
  assert.deepEqual(texts, answer.choices.map((choice) => choice.message.content));
});

await check("a text goes on, complete and streamed", async () => {
  const fields = { model: MODEL, prompt: "One, two, three,", max_tokens: 8, temperature: 0 };
  const answer = await client.completions.create(fields);
  assert.equal(answer.object, "text_completion");
  let text = "";
  for await (const chunk of await client.completions.create({ ...fields, stream: true })) {
    text += chunk.choices[0].text;
  }
  assert.equal(text, answer.choices[0].text);
});

await check("texts are judged by category", async () => {
  const answer = await client.moderations.create({ model: MODEL, input: ["Good morning."] });
  assert.equal(Object.keys(answer.results[0].category_scores).length, 9);
});

finish();
