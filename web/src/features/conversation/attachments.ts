import { withoutHidden } from "../../format/bidi";
import { utf8Length } from "./bytes";

/** A text file that goes with a question. */
export interface Attachment {
  /** Free of characters that deceive: see `cleanFileName`. */
  name: string;
  text: string;
  /** The name held hidden characters, which were removed. */
  isRenamed?: boolean;
}

export const FILE_BYTES_MAX = 1024 * 1024;
export const FILES_MAX = 20;
/** The question with its files must fit into one request of the server (4 MiB as JSON). */
export const QUESTION_BYTES_MAX = 4 * 1024 * 1024 - 64 * 1024;
/** More than this is not put into the field: it goes with the question as a file, or not at all. */
export const PASTE_CHARACTERS_MAX = 100_000;
const NAME_CHARACTERS_MAX = 200;

/** Why a file is not taken. */
export type Refusal = "tooLarge" | "tooMany" | "notText" | "tooMuch" | "unreadable";

export interface RefusedFile {
  name: string;
  reason: Refusal;
}

/** The name without characters that hide or reverse parts of it, and whether it held any. */
export function cleanFileName(name: string): { name: string; isRenamed: boolean } {
  const clean = withoutHidden(name).replace(/\p{Cc}/gu, "");
  const short = [...clean.trim()].slice(0, NAME_CHARACTERS_MAX).join("");
  return { name: short === "" ? "file.txt" : short, isRenamed: clean !== name };
}

/** The text of a file, or `null` when its bytes are not UTF-8 text. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

/** A file as the browser hands it over. */
export type PickedFile = Pick<File, "name" | "size" | "arrayBuffer">;

export interface ReadFiles {
  taken: Attachment[];
  refused: RefusedFile[];
}

/** Reads the files that are small enough to be read at all; the limits together are `admit`'s. */
export async function readFiles(files: readonly PickedFile[]): Promise<ReadFiles> {
  const taken: Attachment[] = [];
  const refused: RefusedFile[] = [];
  for (const [at, file] of files.entries()) {
    const { name, isRenamed } = cleanFileName(file.name);
    if (at >= FILES_MAX) refused.push({ name, reason: "tooMany" });
    else if (file.size > FILE_BYTES_MAX) refused.push({ name, reason: "tooLarge" });
    else {
      const text = await read(file);
      if (text === null) refused.push({ name, reason: "unreadable" });
      else if (text === "binary") refused.push({ name, reason: "notText" });
      else taken.push({ name, text: text.text, isRenamed });
    }
  }
  return { taken, refused };
}

async function read(file: PickedFile): Promise<{ text: string } | "binary" | null> {
  try {
    const text = textOf(new Uint8Array(await file.arrayBuffer()));
    return text === null ? "binary" : { text };
  } catch {
    // A folder, or a file that went away since it was picked.
    return null;
  }
}

/** Adds files to a question, as far as its limits allow. */
export function admit(
  text: string,
  present: readonly Attachment[],
  added: readonly Attachment[],
): { attachments: Attachment[]; refused: RefusedFile[] } {
  const attachments = [...present];
  const refused: RefusedFile[] = [];
  let bytes = jsonBytes(text) + attachments.reduce((sum, file) => sum + bytesOf(file), 0);
  for (const file of added) {
    const more = bytesOf(file);
    if (attachments.length >= FILES_MAX) refused.push({ name: file.name, reason: "tooMany" });
    else if (bytes + more > QUESTION_BYTES_MAX) refused.push({ name: file.name, reason: "tooMuch" });
    else {
      attachments.push(file);
      bytes += more;
    }
  }
  return { attachments, refused };
}

const sizes = new WeakMap<Attachment, number>();

/** Size of the text of a file, in bytes; counted once, because each keystroke asks for it. */
export function sizeOf(file: Attachment): number {
  const size = sizes.get(file) ?? utf8Length(file.text);
  sizes.set(file, size);
  return size;
}

function bytesOf({ name, text }: Attachment): number {
  return jsonBytes(name) + jsonBytes(text) + 64;
}

function jsonBytes(text: string): number {
  return new TextEncoder().encode(JSON.stringify(text)).length;
}
