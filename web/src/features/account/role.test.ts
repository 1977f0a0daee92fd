// @vitest-environment node
import { expect, test } from "vitest";

import { en } from "../../messages/en";
import { ROLES, roleName, rolesAppointedBy } from "./role";

test.each([
  ["owner", ROLES],
  ["admin", ["developer", "member"]],
  ["auditor", []],
  ["data_officer", []],
  ["developer", []],
  ["member", []],
  ["archivist", []],
])("%s appoints %j", (role, expected) => {
  expect(rolesAppointedBy(role)).toEqual(expected);
});

test("a role that the page does not know is shown by its word", () => {
  expect(roleName("data_officer", en)).toBe("Data protection officer");
  expect(roleName("archivist", en)).toBe("archivist");
});
