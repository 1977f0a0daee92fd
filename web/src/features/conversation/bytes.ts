/** Number of bytes of `text` in UTF-8: the server counts these, not the units of a string. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    else if (unit >= 0xd800 && unit < 0xdc00) {
      // Two units make one character of four bytes.
      length += 4;
      at += 1;
    } else length += 3;
  }
  return length;
}

/** What a piece of an answer adds to the bytes that are there already. */
export type Fresh = { kind: "text"; text: string; bytes: number } | { kind: "gap" };

/**
 * The part of `piece` that is new after `received` bytes. `end` is the number of bytes of the
 * answer after the piece, as the server counts; without it the piece is all new. A piece that
 * begins later than what is there leaves a gap, which must be asked for again.
 */
export function freshPart(received: number, piece: string, end: number | null): Fresh {
  const length = utf8Length(piece);
  if (end === null) return { kind: "text", text: piece, bytes: received + length };
  const start = end - length;
  if (start > received) return { kind: "gap" };
  if (end <= received) return { kind: "text", text: "", bytes: received };
  return { kind: "text", text: dropBytes(piece, received - start), bytes: end };
}

function dropBytes(text: string, count: number): string {
  if (count === 0) return text;
  // A byte order mark in the middle of an answer is a character like any other.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return decoder.decode(new TextEncoder().encode(text).subarray(count));
}
