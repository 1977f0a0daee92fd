// @vitest-environment node
import { expect, test } from "vitest";

import { formatSize } from "./size";

test.each([
  [0, "en-GB", "0 bytes"],
  [812, "en-GB", "812 bytes"],
  [1_234, "en-GB", "1.2 kB"],
  [12_345, "en-GB", "12 kB"],
  [1_048_576, "en-GB", "1 MB"],
  [20_971_520, "en-GB", "21 MB"],
  [1_234, "fr-FR", "1,2 ko"],
])("%i bytes in %s are %s", (bytes, locale, text) => {
  expect(formatSize(bytes, locale).replace(/[\u202F\u00A0]/gu, " ")).toBe(text);
});
