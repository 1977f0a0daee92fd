import { parseBlocks, type Block, type References } from "./blocks";

/**
 * Cuts Markdown that grows at its end into blocks. Blocks that can no longer change are kept as
 * they are, the same objects; only what follows them is parsed again.
 */
export class BlockStream {
  #settledText = "";
  #settled: Block[] = [];
  #references: References = {};

  /** The blocks of `text`, which usually is the last text with something added. */
  update(source: string): readonly Block[] {
    const text = source.replace(/\r\n?/gu, "\n");
    if (!text.startsWith(this.#settledText)) this.#reset();
    let rest = text.slice(this.#settledText.length);
    let parsed = parseBlocks(rest, this.#references);
    const cut = lastCut(rest, parsed.starts);
    if (cut > 0) {
      this.#settle(rest.slice(0, cut));
      rest = rest.slice(cut);
      parsed = parseBlocks(rest, this.#references);
    }
    return [...this.#settled, ...parsed.blocks];
  }

  #settle(text: string): void {
    const { blocks, references } = parseBlocks(text, this.#references);
    this.#settled = [...this.#settled, ...blocks];
    this.#references = references;
    this.#settledText += text;
  }

  #reset(): void {
    this.#settledText = "";
    this.#settled = [];
    this.#references = {};
  }
}

/**
 * Where the last block begins for certain: after an empty line, and its first line is complete.
 * Anything else may still join the block before it, or turn out to be another kind of block.
 */
function lastCut(text: string, starts: readonly number[]): number {
  const lines = lineStarts(text);
  for (const line of starts.slice(1).reverse()) {
    const start = lines[line];
    const before = lines[line - 1];
    if (start === undefined || before === undefined) continue;
    const isAfterEmptyLine = text.slice(before, start).trim() === "";
    if (isAfterEmptyLine && lines[line + 1] !== undefined) return start;
  }
  return 0;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}
