// @vitest-environment node
import { expect, test } from "vitest";

import { freshPart, utf8Length } from "./bytes";
import { numbersFrom, pick } from "./testing/random";

const CHARACTERS = ["a", "é", "ß", "€", "漢", "𝄞", "😀", "\u0301", "\uFEFF", "م", "ह", "\0", "\n"];
const encoder = new TextEncoder();

function randomText(next: () => number, count: number): string {
  return Array.from({ length: count }, () => pick(next, CHARACTERS)).join("");
}

test("bytes are counted as the encoder counts them", () => {
  const next = numbersFrom(7);
  for (let round = 0; round < 500; round += 1) {
    const text = randomText(next, round % 40);
    expect(utf8Length(text)).toBe(encoder.encode(text).length);
  }
});

test("whatever is sent twice arrives once, and nothing is lost", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const next = numbersFrom(seed);
    const text = randomText(next, 60);
    const characters = [...text];
    let shown = "";
    let received = 0;
    let at = 0;
    while (shown !== text) {
      // The server goes back a little, as after a break, then sends a piece.
      const from = Math.max(0, at - Math.floor(next() * 5));
      const to = Math.min(characters.length, from + 1 + Math.floor(next() * 8));
      const piece = characters.slice(from, to).join("");
      const fresh = freshPart(received, piece, utf8Length(characters.slice(0, to).join("")));
      if (fresh.kind === "gap") throw new Error(`seed ${seed}: no gap was made`);
      shown += fresh.text;
      received = fresh.bytes;
      expect(received, `seed ${seed}`).toBe(utf8Length(shown));
      expect(text.startsWith(shown), `seed ${seed}`).toBe(true);
      at = Math.max(at, to);
    }
  }
});

test("a piece that begins later leaves a gap", () => {
  expect(freshPart(3, "é", 6)).toEqual({ kind: "gap" });
  expect(freshPart(3, "é", 5)).toEqual({ kind: "text", text: "é", bytes: 5 });
});

test("without a count a piece is all new", () => {
  expect(freshPart(3, "é", null)).toEqual({ kind: "text", text: "é", bytes: 5 });
});
