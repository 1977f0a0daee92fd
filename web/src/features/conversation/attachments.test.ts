// @vitest-environment node
import { describe, expect, test } from "vitest";

import {
  FILES_MAX,
  FILE_BYTES_MAX,
  admit,
  cleanFileName,
  readFiles,
  sizeOf,
  textOf,
  type PickedFile,
} from "./attachments";

function file(name: string, bytes: Uint8Array | string): PickedFile {
  const content = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return {
    name,
    size: content.length,
    arrayBuffer: async () => content.slice().buffer as ArrayBuffer,
  };
}

test.each([
  ["report.txt", "report.txt", false],
  ["invoice\u202Etxt.exe", "invoicetxt.exe", true],
  ["a\u2066b\u2069.txt", "ab.txt", true],
  ["a\u200Bb\u200D\uFEFF.txt", "ab.txt", true],
  ["a\nb\u0000.txt", "ab.txt", true],
  ["\u202E", "file.txt", true],
  ["", "file.txt", false],
  ["مرحبا.txt", "مرحبا.txt", false],
])("the name %j is shown as %j", (name, clean, isRenamed) => {
  expect(cleanFileName(name)).toEqual({ name: clean, isRenamed });
});

test("a long name is cut between characters", () => {
  expect([...cleanFileName("𝄞".repeat(300)).name]).toHaveLength(200);
});

test("text is UTF-8 without zero bytes", () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(textOf(encode("é 𝄞"))).toBe("é 𝄞");
  expect(textOf(encode("\uFEFFa"))).toBe("a");
  expect(textOf(new Uint8Array([0xff, 0xfe, 0x41, 0x00]))).toBeNull();
  expect(textOf(encode("a\0b"))).toBeNull();
  expect(textOf(new Uint8Array([0xc3]))).toBeNull();
});

describe("reading files", () => {
  test("each refusal has its reason", async () => {
    const unreadable: PickedFile = {
      name: "folder",
      size: 0,
      arrayBuffer: () => Promise.reject(new Error("a folder")),
    };
    const { taken, refused } = await readFiles([
      file("a.txt", "a"),
      file("large.txt", new Uint8Array(FILE_BYTES_MAX + 1)),
      file("picture.png", new Uint8Array([0x89, 0x50])),
      unreadable,
      file("edge.txt", "x".repeat(FILE_BYTES_MAX)),
    ]);
    expect(taken.map(({ name }) => name)).toEqual(["a.txt", "edge.txt"]);
    expect(refused).toEqual([
      { name: "large.txt", reason: "tooLarge" },
      { name: "picture.png", reason: "notText" },
      { name: "folder", reason: "unreadable" },
    ]);
  });

  test("no more than a question can carry is read", async () => {
    const files = Array.from({ length: FILES_MAX + 2 }, (_, at) => file(`${at}.txt`, "a"));
    const { taken, refused } = await readFiles(files);
    expect(taken).toHaveLength(FILES_MAX);
    expect(refused.map(({ reason }) => reason)).toEqual(["tooMany", "tooMany"]);
  });
});

describe("a question takes files", () => {
  const mebibyte = { name: "m.txt", text: "x".repeat(FILE_BYTES_MAX) };

  test("up to twenty", () => {
    const present = Array.from({ length: FILES_MAX }, (_, at) => ({ name: `${at}`, text: "a" }));
    const { attachments, refused } = admit("", present, [{ name: "one more", text: "a" }]);
    expect(attachments).toHaveLength(FILES_MAX);
    expect(refused).toEqual([{ name: "one more", reason: "tooMany" }]);
  });

  test("as far as one request reaches", () => {
    const { attachments, refused } = admit("q", [mebibyte], [mebibyte, mebibyte, mebibyte]);
    expect(attachments).toHaveLength(3);
    expect(refused).toEqual([{ name: "m.txt", reason: "tooMuch" }]);
  });
});

test("a size is that of the bytes", () => {
  expect(sizeOf({ name: "a", text: "é𝄞" })).toBe(6);
});
