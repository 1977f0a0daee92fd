// @vitest-environment node
import { expect, test } from "vitest";

import { tokenFrom } from "../session/api/link";
import { invitationLink } from "./invitation";

test("an invitation is a link that the page knows how to read", () => {
  const link = invitationLink("https://galerne.example:8443", "abc-123");
  expect(link).toBe("https://galerne.example:8443/#token=abc-123");
  expect(tokenFrom(link)).toBe("abc-123");
});
