import DOMPurify from "dompurify";

const ALLOWED_TAGS = [
  "a",
  "bdi",
  "blockquote",
  "br",
  "code",
  "del",
  "em",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "hr",
  "li",
  "ol",
  "p",
  "pre",
  "s",
  "span",
  "strong",
  "table",
  "tbody",
  "td",
  "th",
  "thead",
  "tr",
  "ul",
];
const ALLOWED_CLASSES = new Set(["image-text", "link-host", "cell-end", "cell-middle"]);

let isHookInstalled = false;

/**
 * Keeps the allowed tags and attributes of rendered Markdown and nothing else. Where the browser
 * knows Trusted Types the result is a `TrustedHTML` made by DOMPurify's own policy, so that it
 * may be assigned under `require-trusted-types-for 'script'`.
 */
export function sanitise(html: string): string {
  installHook();
  return DOMPurify.sanitize(html, {
    ALLOWED_TAGS,
    ALLOWED_ATTR: ["class", "dir", "href", "start"],
    ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/iu,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_TRUSTED_TYPE: true,
  }) as unknown as string;
}

function installHook(): void {
  if (isHookInstalled) return;
  isHookInstalled = true;
  DOMPurify.addHook("afterSanitizeAttributes", (node) => {
    if (node.tagName === "A" && node.hasAttribute("href")) {
      node.setAttribute("target", "_blank");
      node.setAttribute("rel", "noopener noreferrer");
    }
    const isOwnClass = [...node.classList].every((name) => ALLOWED_CLASSES.has(name));
    if (!isOwnClass) node.removeAttribute("class");
  });
}
