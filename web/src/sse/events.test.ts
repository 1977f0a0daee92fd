// @vitest-environment node
import { describe, expect, test } from "vitest";

import { EventStreamParser, readEvents, type ServerSentEvent } from "./events";

function message(data: string, id: string | null = null): ServerSentEvent {
  return { id, event: "message", data };
}

/** The stream must parse alike in one piece, character by character, and cut at every place. */
function check(stream: string, expected: ServerSentEvent[]): void {
  const cuts: string[][] = [[stream], [...stream]];
  for (let at = 1; at < stream.length; at += 1) cuts.push([stream.slice(0, at), stream.slice(at)]);
  for (const pieces of cuts) {
    const parser = new EventStreamParser();
    expect(
      pieces.flatMap((piece) => parser.push(piece)),
      JSON.stringify(pieces),
    ).toEqual(expected);
  }
}

describe("parser", () => {
  test("events end with an empty line", () => {
    check("data: one\n\ndata: two\n\n", [message("one"), message("two")]);
  });
  test("CRLF, CR and LF end lines, also mixed", () => {
    check("data: a\r\n\r\ndata: b\r\rdata: c\n\n", [message("a"), message("b"), message("c")]);
  });
  test("comments and unknown fields are ignored", () => {
    check(": keep-alive\n\n:\nother: 7\nretry: 10\ndata: x\n\n: keep-alive\n\n", [message("x")]);
  });
  test("several data lines join with a line feed", () => {
    check("data: a\ndata\ndata:  b\n\n", [message("a\n\n b")]);
  });
  test("an event name holds for one event", () => {
    check("event: error\ndata: e\n\ndata: m\n\n", [{ ...message("e"), event: "error" }, message("m")]);
  });
  test("an id belongs to its event only", () => {
    check("id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", [
      message("a", "7"),
      message("b"),
      message("c", ""),
    ]);
    check("id: 7\0\ndata: a\n\n", [message("a")]);
  });
  test("an event without data is not an event", () => {
    check("event: ping\n\ndata: a\n\n", [message("a")]);
  });
  test("what no empty line ends is dropped", () => {
    check("data: a\n\ndata: cut", [message("a")]);
  });
  test("a byte order mark is skipped once", () => {
    check("\uFEFFdata: a\n\n", [message("a")]);
  });
});

describe("reading a body", () => {
  async function collect(pieces: Uint8Array[]): Promise<ServerSentEvent[]> {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    const events: ServerSentEvent[] = [];
    for await (const event of readEvents(body)) events.push(event);
    return events;
  }

  test("a character cut between two pieces stays whole", async () => {
    const bytes = new TextEncoder().encode("data: é 𝄞 ✓\n\n");
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(await collect([bytes.slice(0, at), bytes.slice(at)])).toEqual([message("é 𝄞 ✓")]);
    }
  });

  test("leaving early cancels the body", async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("data: a\n\n"));
      },
      cancel() {
        isCancelled = true;
      },
    });
    for await (const event of readEvents(body)) {
      expect(event).toEqual(message("a"));
      break;
    }
    expect(isCancelled).toBe(true);
  });
});
