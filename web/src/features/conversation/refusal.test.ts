// @vitest-environment node
import { expect, test } from "vitest";

import type { WireEntry } from "./api/wire";
import { keptRefusal } from "./refusal";
import { answer, question } from "./testing/entries";
import { treeOf } from "./tree";

const CODE = "context.too_long";

function asked(id: string, parent: string | null): WireEntry {
  return { type: "message.input", id, parent_id: parent, content: "q" };
}

function failed(id: string, parent: string, code = CODE): WireEntry {
  const none = { usage: null, request_id: null } as const;
  const rest = { model: "m", content: "", ...none, state: "failed", error_code: code } as const;
  return { type: "message.output", id, parent_id: parent, ...rest };
}

function check(
  entries: WireEntry[],
  parentId: string | null,
  isQuestion: boolean,
  expected: [string | null, string] | null,
): void {
  const loaded = { conversation: { id: "c", name: null, model: "m", head: null }, entries, head: null };
  const asking = isQuestion ? { text: "q", attachments: [] } : null;
  const request = { conversationId: "c", parentId, question: asking, model: "m" };
  const tree = treeOf([question("q1", null), answer("a1", "q1")]);
  const ids = keptRefusal(loaded, request, { code: CODE, tree });
  expect(ids && [ids.inputId, ids.entryId]).toEqual(expected);
}

test.each<[string, WireEntry[], string | null, boolean, [string | null, string] | null]>([
  ["a first question", [asked("q2", null), failed("a2", "q2")], null, true, ["q2", "a2"]],
  ["an answer listed first", [failed("a2", "q2"), asked("q2", null)], null, true, ["q2", "a2"]],
  ["a further question", [asked("q2", "a1"), failed("a2", "q2")], "a1", true, ["q2", "a2"]],
  ["another answer", [failed("a2", "q1")], "q1", false, [null, "a2"]],
  ["nothing at all", [], "a1", true, null],
  ["what was known before", [failed("a1", "q1")], "q1", false, null],
  ["a failure of another kind", [failed("a2", "q1", "engine.failed")], "q1", false, null],
  ["another branch", [asked("q2", "x"), failed("a2", "q2")], "a1", true, null],
])("of what the server has, %s", (_name, entries, parentId, isQuestion, expected) => {
  check(entries, parentId, isQuestion, expected);
});
