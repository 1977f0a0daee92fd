// The official Mistral SDK for Node against a running server.
import assert from "node:assert/strict";
import { Mistral } from "@mistralai/mistralai";
import * as errors from "@mistralai/mistralai/models/errors";
import { KEY, MODEL, QUESTION, STORY, TOOLS, UNICODE, UNICODE_SCHEMA, URL, WEATHER } from "./checks.mjs";
import { check, expectCalls, expectUsageExtras, finish } from "./checks.mjs";
import { refused, stopString } from "./checks.mjs";

const client = new Mistral({ apiKey: KEY, serverURL: URL });

function body(text, fields) {
  const messages = [{ role: "user", content: text }];
  return { model: MODEL, messages, temperature: 0, maxTokens: 24, ...fields };
}

const ask = (text, fields) => client.chat.complete(body(text, fields));

async function askStreaming(text, fields) {
  const chunks = [];
  for await (const event of await client.chat.stream(body(text, fields))) chunks.push(event.data);
  return chunks;
}

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");

function expectUsage(usage) {
  assert.ok(usage.promptTokens > 0 && usage.completionTokens > 0);
  assert.equal(usage.totalTokens, usage.promptTokens + usage.completionTokens);
  expectUsageExtras(usage);
}

function expectRefusal(error, kind, status, code) {
  assert.equal(error.constructor.name, kind.name);
  assert.equal(error.statusCode, status);
  assert.equal(JSON.parse(error.body).code, code);
}

await check("a complete answer", async () => {
  const answer = await ask(QUESTION);
  assert.equal(answer.object, "chat.completion");
  assert.match(answer.choices[0].message.content, /Paris/);
  assert.equal(answer.choices[0].finishReason, "stop");
  expectUsage(answer.usage);
});

await check("a streamed answer says the same", async () => {
  const chunks = await askStreaming(QUESTION);
  assert.equal(textOf(chunks), (await ask(QUESTION)).choices[0].message.content);
  assert.ok(chunks.length > 3, `only ${chunks.length} events`);
  const reasons = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.finishReason));
  assert.deepEqual(reasons.filter(Boolean), ["stop"]);
  expectUsage(chunks.at(-1).usage);
});

await check("max_tokens ends with length", async () => {
  const answer = await ask(STORY, { maxTokens: 7 });
  assert.equal(answer.choices[0].finishReason, "length");
  assert.equal(answer.usage.completionTokens, 7);
});

await check("a stop string ends the answer before it", async () => {
  const [piece, before] = stopString((await ask(STORY)).choices[0].message.content);
  assert.equal((await ask(STORY, { stop: piece })).choices[0].message.content, before);
  assert.equal(textOf(await askStreaming(STORY, { stop: [piece] })), before);
});

await check("the same seed gives the same answer", async () => {
  const text = async (randomSeed) =>
    (await ask("Invent a name for a boat and praise it.", { temperature: 1.2, randomSeed }))
      .choices[0].message.content;
  const first = await text(7);
  assert.equal(await text(7), first);
  assert.notEqual(await text(8), first);
});

await check("unicode, streamed and not", async () => {
  const jsonSchema = { name: "words", schemaDefinition: UNICODE_SCHEMA };
  const fields = { maxTokens: 96, responseFormat: { type: "json_schema", jsonSchema } };
  const text = (await ask(UNICODE, fields)).choices[0].message.content;
  assert.equal(textOf(await askStreaming(UNICODE, fields)), text);
  assert.deepEqual(JSON.parse(text), { words: UNICODE });
});

await check("a prefix is continued", async () => {
  const prefix = "The capital of France is the city of";
  const answer = await client.chat.complete({
    model: MODEL,
    messages: [
      { role: "user", content: QUESTION },
      { role: "assistant", content: prefix, prefix: true },
    ],
    temperature: 0,
    maxTokens: 4,
  });
  const text = answer.choices[0].message.content.replace(prefix, "").trimStart();
  assert.ok(text.startsWith("Paris"), text);
});

await check("forced calls, streamed and not, and their results", async () => {
  const fields = { tools: TOOLS, toolChoice: "any", maxTokens: 400 };
  const { message, finishReason } = (await ask(WEATHER, fields)).choices[0];
  assert.equal(finishReason, "tool_calls");
  expectCalls(message.toolCalls);
  const chunks = await askStreaming(WEATHER, fields);
  const lists = chunks.map((chunk) => chunk.choices[0].delta.toolCalls ?? []);
  assert.ok(lists.every((calls) => calls.length <= 1));
  expectCalls(lists.flat());
  const results = message.toolCalls.map(({ id }) => ({
    role: "tool",
    toolCallId: id,
    name: "get_weather",
    content: '{"degrees": 14}',
  }));
  const messages = [{ role: "user", content: WEATHER }, message, ...results];
  const answer = await ask("", { messages, tools: TOOLS, toolChoice: "none" });
  assert.ok(answer.choices[0].message.content);
});

await check("models are listed and read", async () => {
  const listed = await client.models.list();
  assert.deepEqual(listed.data.map((model) => model.id), [MODEL]);
  assert.equal((await client.models.retrieve({ modelId: MODEL })).id, MODEL);
});

await check("401 for a wrong key", async () => {
  const stranger = new Mistral({ apiKey: "glr_wrong", serverURL: URL });
  const error = await refused(stranger.models.list());
  expectRefusal(error, errors.SDKError, 401, "auth.invalid");
});

await check("404 for an unknown model", async () => {
  const error = await refused(ask("Hi", { model: "no-such-model" }));
  expectRefusal(error, errors.SDKError, 404, "model.unknown");
});

await check("422 for empty messages, with its details", async () => {
  const error = await refused(ask("Hi", { messages: [] }));
  expectRefusal(error, errors.HTTPValidationError, 422, "messages.empty");
  assert.equal(error.detail[0].loc[0], "body");
});

await check("400 for a conversation that is too long, streamed and not", async () => {
  for (const call of [ask, askStreaming]) {
    const error = await refused(call("sea ".repeat(9000)));
    expectRefusal(error, errors.SDKError, 400, "context.too_long");
  }
});

finish();
