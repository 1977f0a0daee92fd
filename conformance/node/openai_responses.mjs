// The official OpenAI SDK for Node, over Responses, against a running server.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { KEY, MODEL, QUESTION, TOOLS, URL, WEATHER } from "./checks.mjs";
import { check, expectUsageExtras, finish } from "./checks.mjs";

const client = new OpenAI({ apiKey: KEY, baseURL: `${URL}/v1`, maxRetries: 0 });
const FLAT_TOOLS = TOOLS.map((tool) => ({ type: "function", strict: null, ...tool.function }));

const ask = (input, fields) =>
  client.responses.create({
    model: MODEL,
    input,
    temperature: 0,
    max_output_tokens: 24,
    ...fields,
  });

await check("an answer", async () => {
  const answer = await ask(QUESTION);
  assert.ok(answer.output_text.length > 0);
  const { usage } = answer;
  assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
  expectUsageExtras(usage);
});

await check("a streamed answer says the same", async () => {
  const events = [];
  for await (const event of await ask(QUESTION, { stream: true })) events.push(event);
  const deltas = events.filter(({ type }) => type === "response.output_text.delta");
  const text = deltas.map(({ delta }) => delta).join("");
  assert.equal(text, (await ask(QUESTION)).output_text);
  assert.match(events.at(-1).type, /^response\.(completed|incomplete)$/u);
});

await check("a forced call, and the answer to its result", async () => {
  const fields = { tools: FLAT_TOOLS, max_output_tokens: 200 };
  const named = { type: "function", name: "get_weather" };
  const answer = await ask(WEATHER, { ...fields, tool_choice: named });
  const call = answer.output.find(({ type }) => type === "function_call");
  assert.match(call.call_id, /^[a-zA-Z0-9]{9}$/u);
  JSON.parse(call.arguments);
  const result = { type: "function_call_output", call_id: call.call_id, output: "14 degrees" };
  const input = [{ role: "user", content: WEATHER }, ...answer.output, result];
  const told = await ask(input, { ...fields, tool_choice: "none" });
  assert.ok(told.usage.output_tokens > 0);
});

await check("what is not offered is refused", async () => {
  const error = await ask("Hi", { previous_response_id: "resp_1" }).then(
    () => assert.fail("it was answered"),
    (reason) => reason,
  );
  assert.equal(error.status, 422);
  assert.equal(error.code, "feature.unsupported");
});

finish();
