// Checks inside Node: each prints one line of JSON.
import assert from "node:assert/strict";

export const URL = process.env.GALERNE_URL;
export const KEY = process.env.GALERNE_KEY;
export const MODEL = process.env.GALERNE_MODEL;

// Every answer is greedy unless its check says otherwise, so it is the same every time.
export const QUESTION = "What is the capital of France? Answer in one sentence.";
export const STORY = "Tell a long story about the sea.";
// What a small model makes of such words differs between processors, so the form demands them.
export const UNICODE = "« déjà vu à Besançon », naïve, Übergröße, 東京, 🦜";
export const UNICODE_SCHEMA = {
  type: "object",
  properties: { words: { const: UNICODE } },
  required: ["words"],
  additionalProperties: false,
};

// A forced call keeps to this, whatever the model makes of the question.
export const WEATHER = "What is the weather in Brest, in celsius?";
const properties = { city: { enum: ["Brest", "Lyon", "Paris"] } };
export const TOOLS = [
  {
    type: "function",
    function: {
      name: "get_weather",
      description: "Tells the weather of a city.",
      parameters: { type: "object", properties, required: ["city"] },
    },
  },
];

/** Whole, with arguments of their schema. */
export function expectCalls(calls) {
  assert.ok(calls?.length > 0, "no call");
  for (const call of calls) {
    assert.match(call.id, /^[a-zA-Z0-9]{9}$/);
    assert.equal(call.function.name, "get_weather");
    const { city, ...rest } = JSON.parse(call.function.arguments);
    assert.ok(properties.city.enum.includes(city), call.function.arguments);
    assert.deepEqual(rest, {});
  }
}

const USAGE_EXTRAS = [
  ...["energy_joules", "energy_method", "energy_uncertainty_percent"],
  ...["co2e_grams", "co2e_method", "co2e_uncertainty_percent"],
  ...["grid_factor_grams_per_kwh", "grid_factor_year", "grid_factor_source"],
  ...["grid_zone", "site"],
];

function print(record) {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}

export async function check(name, body) {
  try {
    await body();
    print({ name, status: "ok" });
  } catch (error) {
    const why = `${error?.name}: ${error?.message}`.replaceAll(/\s+/g, " ").slice(0, 500);
    print({ name, status: "failed", why });
  }
}

export function finish() {
  print({ finished: true });
}

/** The error that a promise ends in. */
export async function refused(promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    return error;
  }
  return assert.fail(`it was answered: ${JSON.stringify(answer)}`);
}

/** Everything about energy and carbon arrived: the names are those of the wire. */
export function expectUsageExtras(usage) {
  const missing = USAGE_EXTRAS.filter((name) => usage[name] == null);
  assert.deepEqual(missing, [], "lost on the way");
  assert.ok(usage.energy_joules > 0, "no energy");
  assert.ok(usage.co2e_grams > 0, "no carbon");
}

/** A piece from the middle of `text`, and what stands before it. */
export function stopString(text) {
  const middle = Math.floor(text.length / 2);
  const piece = text.slice(middle, middle + 6);
  assert.ok(piece.trim().length > 0, `the answer is too short: ${text}`);
  return [piece, text.slice(0, text.indexOf(piece))];
}
