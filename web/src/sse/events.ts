/**
 * One server-sent event: the `event` name (`message` by default), its joined `data` lines, and
 * the `id` if it came with one.
 */
export interface ServerSentEvent {
  id: string | null;
  event: string;
  data: string;
}

/**
 * Parses a `text/event-stream` piece by piece, as the WHATWG specification says: lines end with
 * LF, CRLF or CR, lines that start with a colon are comments, an empty line ends an event, and
 * what follows the last empty line is dropped. Pieces may end anywhere, also within CRLF.
 */
export class EventStreamParser {
  #rest = "";
  #skipLineFeed = false;
  #isStart = true;
  #id: string | null = null;
  #event = "";
  #data: string[] = [];

  /** Takes the next piece of text and returns the events that it completes. */
  push(piece: string): ServerSentEvent[] {
    if (piece === "") return [];
    const events: ServerSentEvent[] = [];
    let text = this.#rest + this.#withoutSplitMarks(piece);
    for (let end = text.search(/[\r\n]/u); end !== -1; end = text.search(/[\r\n]/u)) {
      const line = text.slice(0, end);
      const isCarriageReturn = text[end] === "\r";
      text = text.slice(end + (isCarriageReturn && text[end + 1] === "\n" ? 2 : 1));
      // A carriage return at the very end may be the first half of CRLF.
      this.#skipLineFeed = isCarriageReturn && text === "" && !piece.endsWith("\n");
      const event = this.#line(line);
      if (event !== null) events.push(event);
    }
    this.#rest = text;
    return events;
  }

  /** Removes a byte order mark at the start, and a line feed whose CR ended the last piece. */
  #withoutSplitMarks(piece: string): string {
    let text = piece;
    if (this.#isStart && text.startsWith("\uFEFF")) text = text.slice(1);
    this.#isStart = false;
    if (this.#skipLineFeed && text.startsWith("\n")) text = text.slice(1);
    this.#skipLineFeed = false;
    return text;
  }

  #line(line: string): ServerSentEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /u, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return null;
  }

  #dispatch(): ServerSentEvent | null {
    const event = this.#event === "" ? "message" : this.#event;
    const data = this.#data;
    const id = this.#id;
    this.#id = null;
    this.#event = "";
    this.#data = [];
    return data.length === 0 ? null : { id, event, data: data.join("\n") };
  }
}

/** Reads the events of a response body. Ends with the body; a broken connection throws. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, void> {
  const parser = new EventStreamParser();
  const decoder = new TextDecoder("utf-8");
  const reader = body.getReader();
  let isFinished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        isFinished = true;
        return;
      }
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // The consumer left early: tell the server that nobody reads any more.
    if (!isFinished) await reader.cancel().catch(() => undefined);
    reader.releaseLock();
  }
}
