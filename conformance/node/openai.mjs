// The official OpenAI SDK for Node against a running server.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { KEY, MODEL, QUESTION, STORY, TOOLS, UNICODE, UNICODE_SCHEMA, URL, WEATHER } from "./checks.mjs";
import { check, expectCalls, expectUsageExtras, finish } from "./checks.mjs";
import { refused, stopString } from "./checks.mjs";

const client = new OpenAI({ apiKey: KEY, baseURL: `${URL}/v1`, maxRetries: 0 });

const ask = (text, fields) =>
  client.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content: text }],
    temperature: 0,
    max_tokens: 24,
    ...fields,
  });

async function askStreaming(text, fields) {
  const chunks = [];
  for await (const chunk of await ask(text, { ...fields, stream: true })) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

function expectUsage(usage) {
  assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  expectUsageExtras(usage);
}

function expectRefusal(error, kind, status, code) {
  assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
  assert.equal(error.status, status);
  assert.equal(error.code, code);
}

await check("a complete answer", async () => {
  const answer = await ask(QUESTION);
  assert.match(answer.choices[0].message.content, /Paris/);
  assert.equal(answer.choices[0].finish_reason, "stop");
  expectUsage(answer.usage);
});

await check("a streamed answer says the same", async () => {
  const chunks = await askStreaming(QUESTION, { stream_options: { include_usage: true } });
  assert.equal(textOf(chunks), (await ask(QUESTION)).choices[0].message.content);
  assert.ok(chunks.length > 3, `only ${chunks.length} events`);
  expectUsage(chunks.at(-1).usage);
});

await check("max_tokens ends with length", async () => {
  const answer = await ask(STORY, { max_tokens: 7 });
  assert.equal(answer.choices[0].finish_reason, "length");
  assert.equal(answer.usage.completion_tokens, 7);
});

await check("a stop string ends the answer before it", async () => {
  const [piece, before] = stopString((await ask(STORY)).choices[0].message.content);
  assert.equal((await ask(STORY, { stop: piece })).choices[0].message.content, before);
  assert.equal(textOf(await askStreaming(STORY, { stop: [piece] })), before);
});

await check("the same seed gives the same answer", async () => {
  const text = async (seed) =>
    (await ask("Invent a name for a boat and praise it.", { temperature: 1.2, seed })).choices[0]
      .message.content;
  const first = await text(7);
  assert.equal(await text(7), first);
  assert.notEqual(await text(8), first);
});

await check("unicode, streamed and not", async () => {
  const json_schema = { name: "words", schema: UNICODE_SCHEMA };
  const fields = { max_tokens: 96, response_format: { type: "json_schema", json_schema } };
  const text = (await ask(UNICODE, fields)).choices[0].message.content;
  assert.equal(textOf(await askStreaming(UNICODE, fields)), text);
  assert.deepEqual(JSON.parse(text), { words: UNICODE });
});

await check("log-probabilities", async () => {
  const answer = await ask(QUESTION, { max_tokens: 6, logprobs: true, top_logprobs: 3 });
  const { content } = answer.choices[0].logprobs;
  assert.equal(content.length, answer.usage.completion_tokens);
  for (const entry of content) {
    assert.equal(entry.top_logprobs.length, 3);
    assert.equal(entry.logprob, entry.top_logprobs[0].logprob);
  }
});

await check("forced calls, streamed and not, and their results", async () => {
  const fields = { tools: TOOLS, tool_choice: "required", max_tokens: 400 };
  const { message, finish_reason } = (await ask(WEATHER, fields)).choices[0];
  assert.equal(finish_reason, "tool_calls");
  expectCalls(message.tool_calls);
  const chunks = await askStreaming(WEATHER, fields);
  const lists = chunks.map((chunk) => chunk.choices[0].delta.tool_calls ?? []);
  assert.ok(lists.every((calls) => calls.length <= 1));
  expectCalls(lists.flat());
  const results = message.tool_calls.map(({ id }) => ({
    role: "tool",
    tool_call_id: id,
    content: '{"degrees": 14}',
  }));
  const messages = [{ role: "user", content: WEATHER }, message, ...results];
  const answer = await ask("", { messages, tools: TOOLS, tool_choice: "none" });
  assert.ok(answer.choices[0].message.content);
});

await check("models are listed and read", async () => {
  const listed = [];
  for await (const model of client.models.list()) listed.push(model.id);
  assert.deepEqual(listed, [MODEL]);
  assert.equal((await client.models.retrieve(MODEL)).id, MODEL);
});

await check("401 for a wrong key", async () => {
  const stranger = new OpenAI({ apiKey: "glr_wrong", baseURL: `${URL}/v1`, maxRetries: 0 });
  const error = await refused(stranger.models.list());
  expectRefusal(error, OpenAI.AuthenticationError, 401, "auth.invalid");
});

await check("404 for an unknown model", async () => {
  const error = await refused(ask("Hi", { model: "no-such-model" }));
  expectRefusal(error, OpenAI.NotFoundError, 404, "model.unknown");
});

await check("422 for empty messages", async () => {
  const error = await refused(ask("Hi", { messages: [] }));
  expectRefusal(error, OpenAI.UnprocessableEntityError, 422, "messages.empty");
});

await check("400 for a conversation that is too long, streamed and not", async () => {
  for (const call of [ask, askStreaming]) {
    const error = await refused(call("sea ".repeat(9000)));
    expectRefusal(error, OpenAI.BadRequestError, 400, "context.too_long");
  }
});

finish();
