// @vitest-environment node
import { expect, test } from "vitest";

import { BlockStream } from "./block-stream";
import { splitBlocks } from "./blocks";

/** Pieces that open, close, join and interrupt blocks. */
const PIECES = [
  "word ", "two words", "\n", "\n\n", "\n\n\n", "# Title\n", "#", "- item\n", "-", "  nested\n",
  "1. one\n", "2", "2. two\n", "> quote\n", ">", "```js\n", "```", "code()\n", "    indented\n",
  "| a | b |\n", "|--|--|\n", "| 1 | 2 |\n", "---\n", "***", "===\n", "**bold**", "[link](https://a.example)",
  "[known]", "é𝄞", "\t", "\r\n", "\r", "`", "* star\n", "![p](https://e.example/x)", "<b>", "\\",
];

/** A generator of numbers that a seed repeats (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

test("text that grows piece by piece has the blocks of the whole text", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const next = numbersFrom(seed);
    const stream = new BlockStream();
    let text = "";
    for (let count = 0; count < 30; count += 1) {
      text += PIECES[Math.floor(next() * PIECES.length)] ?? "";
      expect(stream.update(text), `seed ${seed}: ${JSON.stringify(text)}`).toEqual(splitBlocks(text));
    }
  }
});

test("blocks that are complete stay the same objects", () => {
  const stream = new BlockStream();
  const before = stream.update("one\n\ntwo\n\nthree\n");
  const after = stream.update("one\n\ntwo\n\nthree\nand more");
  expect(after[0]).toBe(before[0]);
  expect(after[1]).toBe(before[1]);
  expect(after).toHaveLength(3);
});

test("a reference that was defined earlier holds later", () => {
  const stream = new BlockStream();
  stream.update("[a]: https://a.example\n\none\n\ntwo\n");
  const text = "[a]: https://a.example\n\none\n\ntwo\n\n[a]";
  expect(stream.update(text)).toEqual(splitBlocks(text));
});

test("another text begins anew", () => {
  const stream = new BlockStream();
  stream.update("one\n\ntwo\n\nthree\n");
  expect(stream.update("other")).toEqual(splitBlocks("other"));
});
