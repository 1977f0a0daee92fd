import { expect, test } from "vitest";

import { addressOf, placeOf } from "./route";

const HEX = "0192f3c4a5b67c8d9e0f1a2b3c4d5e6f";

function check(address: string, page: string, canonical = address): void {
  const { pathname, search } = new URL(address, "http://galerne.test");
  const place = placeOf({ pathname, search });
  expect(place.route.page).toBe(page);
  expect(addressOf(place)).toBe(canonical);
}

test.each([
  ["/", "new"],
  [`/c/conv_${HEX}`, "conversation"],
  ["/people", "people"],
  ["/keys?find=x", "keys"],
  ["/break-glass", "break-glass"],
  ["/data-protection", "data-protection"],
  ["/?view=archived", "new"],
  [`/c/conv_${HEX}?view=archived&find=caf%C3%A9+%26+co`, "conversation"],
])("%s is the page %s and its own address", (address, page) => check(address, page));

test.each([
  `/c/${HEX}`,
  `/c/${HEX}/`,
  `/c/CONV_${HEX.toUpperCase()}`,
  "/c/0192f3c4-a5b6-7c8d-9e0f-1a2b3c4d5e6f",
])("%s is another spelling of the same conversation", (address) =>
  check(address, "conversation", `/c/conv_${HEX}`),
);

test.each(["/c/", "/c/conv_12", `/c/conv_${HEX}/more`, "/c/%2F", "/people/x", "/elsewhere"])(
  "%s is no conversation",
  (address) => check(address, "missing"),
);

test("a filter that says nothing leaves the address", () => {
  check("/?view=current&find=", "new", "/");
});
