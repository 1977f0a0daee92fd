import { expect, test } from "vitest";

import { RequestError } from "../../errors/failure";
import { fileNameOf, receiptFrom } from "./receipt";

const STATEMENT = {
  at: 1_795_308_216_508_745,
  response: "chatcmpl-01a2",
  documents: [],
  policy: null,
  model: { id: "m", digest: null },
  engine: null,
  site: { name: "local", grid_zone: "FR", country: null, operator: null },
  tokens: null,
  energy: null,
  emissions: null,
  log: { index: 2, origin: "example.org/log" },
};

function note(statement: unknown, header = "galerne receipt v1"): string {
  return `${header}\n${JSON.stringify(statement)}\n\n\u2014 example.org/log c2lnbmVk\n`;
}

test("the statement is read, and the text stays as it came", () => {
  const text = note(STATEMENT);
  const receipt = receiptFrom(text);
  expect(receipt.text).toBe(text);
  expect(receipt.statement).toEqual(STATEMENT);
  expect(fileNameOf(receipt)).toBe("receipt-chatcmpl-01a2.txt");
});

test("the name of the file holds nothing that a file name must not", () => {
  const receipt = receiptFrom(note({ ...STATEMENT, response: "../a b\u202e" }));
  expect(fileNameOf(receipt)).toBe("receipt-ab.txt");
});

test.each([
  ["nothing", ""],
  ["another version", note(STATEMENT, "galerne receipt v2")],
  ["a checkpoint", "example.org/log\n4\nroot\n\n\u2014 example.org/log c2lnbmVk\n"],
  ["no JSON", "galerne receipt v1\n{\n\n"],
  ["no object", note(null)],
  ["a member that is missing", note({ ...STATEMENT, model: undefined })],
  ["a member of another kind", note({ ...STATEMENT, at: "now" })],
])("%s is no receipt", (_what, text) => {
  expect(() => receiptFrom(text)).toThrow(RequestError);
});
