import { expect, test } from "vitest";

import { takeTokenFromAddress, tokenFrom } from "./link";

test.each([
  ["http://127.0.0.1:8080/#token=abc_DEF-123", "abc_DEF-123"],
  ["  http://localhost:8080/#token=abc   ", "abc"],
  ["#token=abc", "abc"],
  ["token=abc", "abc"],
  ["abc", "abc"],
  ["page: http://127.0.0.1:8080/#token=abc   (valid once, 10 minutes)", "abc"],
  ["", ""],
])("%j holds the token %j", (pasted, token) => {
  expect(tokenFrom(pasted)).toBe(token);
});

test("the address keeps no token", () => {
  window.history.replaceState(null, "", "/?a=1#token=abc");
  expect(takeTokenFromAddress()).toBe("abc");
  expect(window.location.href).toMatch(/\/\?a=1$/u);
  expect(takeTokenFromAddress()).toBeNull();
});

test("another fragment is left alone", () => {
  window.history.replaceState(null, "", "/#part");
  expect(takeTokenFromAddress()).toBeNull();
  expect(window.location.hash).toBe("#part");
});
