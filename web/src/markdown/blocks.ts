import MarkdownIt, {
  type Env,
  type MarkdownItOptions,
  type Renderer,
  type Token,
} from "markdown-it";

/** One top-level block of an answer. A block keeps its place while later text streams in. */
export type Block =
  { kind: "code"; language: string; text: string } | { kind: "markup"; html: string; text: string };

const WEB_OR_MAIL = /^(?:https?:\/\/|mailto:)/iu;

/** A question is an `h2` and its answer an `h3`; headings inside the answer start below. */
const TURN_HEADING_LEVEL = 3;

const markdown = createMarkdown();

/** Addresses of links that were defined apart from their words. */
export type References = NonNullable<Env["references"]>;

export interface ParsedBlocks {
  blocks: Block[];
  /** The line on which each block begins. */
  starts: number[];
  /** The references that were known before, and those of this text. */
  references: References;
}

/**
 * Cuts Markdown into its top-level blocks. The HTML of a `markup` block is not yet safe: it goes
 * through `sanitise` before it reaches the page.
 */
export function splitBlocks(source: string): Block[] {
  return parseBlocks(source, {}).blocks;
}

/** The same for text that follows other text, of which the references are known. */
export function parseBlocks(source: string, known: References): ParsedBlocks {
  const environment: Env = { references: { ...known } };
  const blocks: Block[] = [];
  const starts: number[] = [];
  for (const tokens of topLevelGroups(markdown.parse(source, environment))) {
    const [first] = tokens;
    if (first === undefined) continue;
    starts.push(first.map?.[0] ?? 0);
    if (first.type === "fence" || first.type === "code_block") {
      const language = first.info.trim().split(/\s+/u)[0] ?? "";
      blocks.push({ kind: "code", language, text: first.content.replace(/\n$/u, "") });
      continue;
    }
    tokens.forEach(adapt);
    const html = markdown.renderer.render(tokens, markdown.options, environment);
    blocks.push({ kind: "markup", html, text: tokens.map(({ content }) => content).join(" ") });
  }
  return { blocks, starts, references: environment.references ?? {} };
}

function topLevelGroups(tokens: readonly Token[]): Token[][] {
  const groups: Token[][] = [];
  let open: Token[] = [];
  for (const token of tokens) {
    open.push(token);
    const isWhole = token.level === 0 && token.nesting !== 1;
    if (isWhole) {
      groups.push(open);
      open = [];
    }
  }
  return groups;
}

/** How cells stand, by the inline style that the parser writes; the policy allows classes only. */
const CELL_CLASSES = new Map([
  ["text-align:right", "cell-end"],
  ["text-align:center", "cell-middle"],
]);

/** Puts headings under the heading of the turn, and turns the style of table cells into a class. */
function adapt(token: Token): void {
  const heading = /^h([1-6])$/u.exec(token.tag);
  if (heading !== null) token.tag = `h${Math.min(6, Number(heading[1]) + TURN_HEADING_LEVEL)}`;
  if (token.type !== "th_open" && token.type !== "td_open") return;
  const cellClass = CELL_CLASSES.get(String(token.attrGet("style") ?? ""));
  token.attrs = cellClass === undefined ? null : [["class", cellClass]];
}

/** The host that a link leads to, or the address itself for a mail link. */
function destinationOf(href: string): string {
  try {
    const url = new URL(href);
    return url.protocol === "mailto:" ? url.pathname : url.host;
  } catch {
    return href;
  }
}

function createMarkdown() {
  const instance = new MarkdownIt({ html: false, linkify: false, typographer: false });
  instance.validateLink = (address) => WEB_OR_MAIL.test(address.trim());
  // A picture's address can carry a secret to its host: no picture is ever loaded.
  instance.renderer.rules["image"] = (tokens, index, options, environment, renderer) =>
    imageAsText(tokens[index], options, environment ?? {}, renderer);
  instance.renderer.rules["link_close"] = (tokens, index) => linkEnd(tokens, index);
  return instance;
}

function imageAsText(
  token: Token | undefined,
  options: Required<MarkdownItOptions>,
  environment: Env,
  renderer: Renderer,
): string {
  if (token === undefined) return "";
  const alternative = renderer.renderInlineAsText(token.children ?? [], options, environment);
  const parts = ["image", alternative, destinationOf(String(token.attrGet("src") ?? ""))];
  const words = parts.filter((part) => part !== "").join(" · ");
  return `<span class="image-text">[${markdown.utils.escapeHtml(words)}]</span>`;
}

/** Writes the host after the words of a link, unless the words already are that host. */
function linkEnd(tokens: readonly Token[], index: number): string {
  let open = index - 1;
  while (open >= 0 && tokens[open]?.type !== "link_open") open -= 1;
  const href = String(tokens[open]?.attrGet("href") ?? "");
  const words = tokens
    .slice(open + 1, index)
    .map(({ content }) => content)
    .join("");
  const destination = destinationOf(href);
  if (destination === "" || words === destination || words === href) return "</a>";
  const host = markdown.utils.escapeHtml(destination);
  return `</a> <span class="link-host">(<bdi dir="ltr">${host}</bdi>)</span>`;
}
