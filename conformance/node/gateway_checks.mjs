// What the upstreams of the suite `gateway` say, for the clients in front of it.
import assert from "node:assert/strict";

export const TEXT = "The capital is Paris";
export const MESSAGES = [{ role: "user", content: "What is the capital of France?" }];
export const TOOLS = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "Tells the weather of a city.",
      parameters: { type: "object", properties: { city: { type: "string" } } },
    },
  },
];

/** One, whole, under an id that Mistral's clients take. */
export function expectCall(calls) {
  assert.equal(calls.length, 1);
  assert.match(calls[0].id, /^[a-zA-Z0-9]{9}$/);
  assert.equal(calls[0].function.name, "get_weather");
  assert.deepEqual(JSON.parse(calls[0].function.arguments), { city: "Brest" });
}
