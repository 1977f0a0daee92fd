// Conversations with the official Mistral SDK for Node: every method there is.
import assert from "node:assert/strict";
import { Mistral } from "@mistralai/mistralai";
import * as errors from "@mistralai/mistralai/models/errors";
import { KEY, MODEL, QUESTION, URL, check, finish, refused } from "./checks.mjs";

const { conversations } = new Mistral({ apiKey: KEY, serverURL: URL }).beta;
const completionArgs = { temperature: 0, maxTokens: 24 };

const start = (fields) =>
  conversations.start({ inputs: QUESTION, model: MODEL, completionArgs, ...fields });

function textOf(response) {
  assert.equal(response.outputs.length, 1);
  return response.outputs[0].content;
}

function expectUsage(usage) {
  assert.ok(usage.promptTokens > 0 && usage.completionTokens > 0);
  assert.equal(usage.totalTokens, usage.promptTokens + usage.completionTokens);
}

async function read(stream) {
  const events = [];
  for await (const event of await stream) events.push(event);
  const names = events.map((event) => event.event);
  assert.equal(names[0], "conversation.response.started");
  assert.equal(names.at(-1), "conversation.response.done");
  assert.deepEqual(new Set(names.slice(1, -1)), new Set(["message.output.delta"]));
  expectUsage(events.at(-1).data.usage);
  const text = events.slice(1, -1).map((event) => event.data.content).join("");
  return { text, started: events[0].data };
}

async function expectRefusal(promise, kind, status, code) {
  const error = await refused(promise);
  assert.equal(error.constructor.name, kind.name);
  assert.equal(error.statusCode, status);
  assert.equal(JSON.parse(error.body).code, code);
}

await check("start and startStream", async () => {
  const answer = await start({ name: "Capitals", metadata: { a: [1] } });
  assert.equal(answer.object, "conversation.response");
  assert.match(answer.conversationId, /^conv_/);
  assert.equal(answer.outputs[0].type, "message.output");
  assert.match(textOf(answer), /Paris/);
  expectUsage(answer.usage);
  const inputs = [{ role: "user", content: [{ type: "text", text: QUESTION }] }];
  const { text, started } = await read(
    conversations.startStream({ inputs, model: MODEL, completionArgs }),
  );
  assert.equal(text, textOf(answer));
  assert.match(started.conversationId, /^conv_/);
});

await check("append and appendStream", async () => {
  const { conversationId } = await start();
  const request = { inputs: "And of Italy?", completionArgs };
  const answer = await conversations.append({
    conversationId,
    conversationAppendRequest: request,
  });
  assert.equal(answer.conversationId, conversationId);
  assert.match(textOf(answer), /Rome/);
  const { text } = await read(
    conversations.appendStream({ conversationId, conversationAppendStreamRequest: request }),
  );
  assert.ok(text.trim());
});

await check("restart and restartStream", async () => {
  const first = await start();
  const { conversationId } = first;
  const request = { fromEntryId: first.outputs[0].id, inputs: "And of Italy?", completionArgs };
  const other = await conversations.restart({
    conversationId,
    conversationRestartRequest: request,
  });
  assert.notEqual(other.conversationId, conversationId);
  const { text } = await read(
    conversations.restartStream({ conversationId, conversationRestartStreamRequest: request }),
  );
  assert.equal(text, textOf(other));
});

await check("get, list, getHistory, getMessages, delete", async () => {
  const started = await start({ name: "To be read", description: "d", metadata: { a: [1] } });
  const { conversationId } = started;
  const found = await conversations.get({ conversationId });
  assert.equal(found.id, conversationId);
  assert.equal(found.name, "To be read");
  assert.equal(found.model, MODEL);
  assert.deepEqual(found.metadata, { a: [1] });
  const listed = await conversations.list({ page: 0, pageSize: 1 });
  assert.deepEqual(listed.map((each) => each.id), [conversationId]);
  const { entries } = await conversations.getHistory({ conversationId });
  assert.deepEqual(entries.map((entry) => entry.type), ["message.input", "message.output"]);
  assert.equal(entries[0].content, QUESTION);
  assert.equal(entries[1].content, textOf(started));
  const { messages } = await conversations.getMessages({ conversationId });
  assert.deepEqual(messages.map((each) => each.id), entries.map((entry) => entry.id));
  await conversations.delete({ conversationId });
  const gone = conversations.get({ conversationId });
  await expectRefusal(gone, errors.SDKError, 404, "conversation.not_found");
});

await check("what is not offered raises", async () => {
  const unkept = start({ store: false });
  await expectRefusal(unkept, errors.HTTPValidationError, 422, "feature.unsupported");
  const unknown = start({ model: "no-such-model" });
  await expectRefusal(unknown, errors.SDKError, 404, "model.unknown");
  const long = conversations.startStream({ inputs: "sea ".repeat(9000), model: MODEL });
  await expectRefusal(long, errors.SDKError, 400, "context.too_long");
});

finish();
