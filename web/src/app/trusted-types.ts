interface TrustedTypesWindow {
  trustedTypes?: {
    createPolicy(name: string, rules: { createHTML(html: string): string | null }): unknown;
  };
}

/**
 * Installs the `default` Trusted Types policy: the empty string passes, every other string is
 * refused. React Aria's announcer assigns an empty string to `innerHTML`; nothing else may
 * assign a string at all. Sanitised Markdown travels as `TrustedHTML` from DOMPurify instead.
 */
export function installTrustedTypesPolicy(): void {
  const { trustedTypes } = window as unknown as TrustedTypesWindow;
  trustedTypes?.createPolicy("default", {
    createHTML: (html) => (html === "" ? "" : null),
  });
}
