// The official OpenAI SDK for Node while another engine answers (suite `gateway`).
import assert from "node:assert/strict";
import OpenAI from "openai";
import { KEY, URL, check, finish, refused } from "./checks.mjs";
import { MESSAGES, TEXT, TOOLS, expectCall } from "./gateway_checks.mjs";

const client = new OpenAI({ apiKey: KEY, baseURL: `${URL}/v1`, maxRetries: 0 });

const ask = (model, fields) =>
  client.chat.completions.create({ model, messages: MESSAGES, ...fields });

async function streamed(model, fields) {
  const chunks = [];
  for await (const chunk of await ask(model, { ...fields, stream: true })) chunks.push(chunk);
  return chunks.flatMap((chunk) => chunk.choices);
}

await check("an answer, whole and streamed", async () => {
  const answer = await ask("good");
  assert.equal(answer.choices[0].message.content, TEXT);
  assert.equal(answer.usage.total_tokens, 20);
  const choices = await streamed("good");
  assert.equal(choices.map((choice) => choice.delta.content ?? "").join(""), TEXT);
});

await check("a call that vLLM sends in pieces", async () => {
  const { message } = (await ask("split", { tools: TOOLS })).choices[0];
  expectCall(message.tool_calls);
  const choices = await streamed("split", { tools: TOOLS });
  expectCall(choices.flatMap((choice) => choice.delta.tool_calls ?? []));
});

await check("a busy upstream is 429, one that may not be asked 503", async () => {
  for (const call of [ask, streamed]) {
    const busy = await refused(call("status-429"));
    assert.ok(busy instanceof OpenAI.RateLimitError, busy.message);
    const denied = await refused(call("abroad"));
    assert.equal(denied.status, 503);
    assert.equal(denied.code, "residency.no_eligible_upstream");
  }
});

await check("an answer that breaks off ends with an error", async () => {
  assert.equal((await streamed("after-0")).at(-1).finish_reason, "error");
});

finish();
