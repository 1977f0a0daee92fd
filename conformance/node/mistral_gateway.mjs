// The official Mistral SDK for Node while another engine answers (suite `gateway`).
import assert from "node:assert/strict";
import { Mistral } from "@mistralai/mistralai";
import { KEY, URL, check, finish, refused } from "./checks.mjs";
import { MESSAGES, TEXT, TOOLS, expectCall } from "./gateway_checks.mjs";

const client = new Mistral({ apiKey: KEY, serverURL: URL });

const ask = (model, fields) => client.chat.complete({ model, messages: MESSAGES, ...fields });

async function streamed(model, fields) {
  const choices = [];
  const events = await client.chat.stream({ model, messages: MESSAGES, ...fields });
  for await (const { data } of events) choices.push(...data.choices);
  return choices;
}

await check("an answer, whole and streamed", async () => {
  const answer = await ask("good");
  assert.equal(answer.choices[0].message.content, TEXT);
  assert.equal(answer.usage.totalTokens, 20);
  const choices = await streamed("good");
  assert.equal(choices.map((choice) => choice.delta.content ?? "").join(""), TEXT);
});

await check("a call that vLLM sends in pieces", async () => {
  const { message } = (await ask("split", { tools: TOOLS })).choices[0];
  expectCall(message.toolCalls);
  const choices = await streamed("split", { tools: TOOLS });
  expectCall(choices.flatMap((choice) => choice.delta.toolCalls ?? []));
});

await check("a busy upstream is 429, one that may not be asked 503", async () => {
  for (const call of [ask, streamed]) {
    assert.equal((await refused(call("status-429"))).statusCode, 429);
    const denied = await refused(call("abroad"));
    assert.equal(denied.statusCode, 503);
    assert.equal(JSON.parse(denied.body).code, "residency.no_eligible_upstream");
  }
});

await check("an answer that breaks off ends with an error", async () => {
  assert.equal((await streamed("after-0")).at(-1).finishReason, "error");
});

finish();
