import { afterEach, expect, test, vi } from "vitest";

import { fetchProvider, takeRefusalFromAddress } from "./provider";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("the address keeps no refusal", () => {
  window.history.replaceState(null, "", "/?a=1#sign-in=auth.identity_unmapped");
  expect(takeRefusalFromAddress()?.code).toBe("auth.identity_unmapped");
  expect(window.location.href).toMatch(/\/\?a=1$/u);
  expect(takeRefusalFromAddress()).toBeNull();
});

test.each(["#part", "#sign-in=", "#sign-in=AUTH", "#sign-in=a.b%20c", "#token=abc"])(
  "%s is left alone",
  (fragment) => {
    window.history.replaceState(null, "", `/${fragment}`);
    expect(takeRefusalFromAddress()).toBeNull();
    expect(window.location.hash).toBe(fragment);
    window.history.replaceState(null, "", "/");
  },
);

test.each([["Example"], [null]])("the server says that the provider is %s", async (name) => {
  vi.stubGlobal("fetch", async () => Response.json({ name }));
  expect(await fetchProvider()).toBe(name);
});
