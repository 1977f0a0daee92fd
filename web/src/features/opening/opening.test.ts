// @vitest-environment node
import { expect, test } from "vitest";

import type { Opening } from "../../api/types";
import {
  changesAt,
  isOver,
  minutesFrom,
  nextChange,
  obstacleTo,
  reasonFrom,
  stateAt,
  STATES,
} from "./opening";

const ASKED = Date.parse("2026-11-20T08:00:00Z");
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const WAITING: Opening = {
  id: "1",
  account: "anne",
  requester: "boss",
  reason: "a person is in danger",
  minutes: 30,
  state: "waiting",
  requested_at: "2026-11-20T08:00:00Z",
};
const OPEN: Opening = {
  ...WAITING,
  state: "open",
  approver: "officer",
  approved_at: "2026-11-20T09:00:00Z",
  until: "2026-11-20T09:30:00Z",
};

test.each([
  ["waits within a day", WAITING, ASKED + DAY - 1, "waiting"],
  ["lapses after a day", WAITING, ASKED + DAY, "lapsed"],
  ["is open until its end", OPEN, ASKED + 90 * MINUTE - 1, "open"],
  ["ends by itself", OPEN, ASKED + 90 * MINUTE, "ended"],
  ["stays refused", { ...WAITING, state: "refused" }, ASKED + 2 * DAY, "refused"],
  ["stays ended early", { ...OPEN, state: "revoked" }, ASKED, "revoked"],
  ["is over where its state is not known", { ...OPEN, state: "sealed" }, ASKED, "ended"],
])("an opening %s", (_what, opening, now, expected) => {
  expect(stateAt(opening, now)).toBe(expected);
});

test("what is over does not change by itself", () => {
  for (const state of STATES) {
    const end = changesAt({ ...OPEN, state });
    expect(end === null, state).toBe(isOver(state));
  }
});

test("the page looks up at the next change, not at one that has been", () => {
  expect(nextChange([], ASKED)).toBeNull();
  expect(nextChange([WAITING, OPEN], ASKED)).toBe(ASKED + 90 * MINUTE);
  expect(nextChange([WAITING, OPEN], ASKED + 90 * MINUTE)).toBe(ASKED + DAY);
  expect(nextChange([WAITING, OPEN], ASKED + DAY)).toBeNull();
});

test.each([
  ["whoever asked", { id: "boss", role: "data_officer" }, "owner", "ownRequest"],
  ["the subject", { id: "anne", role: "data_officer" }, "owner", "ofSubject"],
  ["an owner, of an owner", { id: "other", role: "owner" }, "owner", "noOfficer"],
  ["an owner, of an officer", { id: "other", role: "owner" }, "data_officer", null],
  ["an officer, of an owner", { id: "officer", role: "data_officer" }, "owner", null],
  ["an owner, of whom nothing is known", { id: "other", role: "owner" }, null, null],
])("%s", (_who, me, roleOfAsker, expected) => {
  expect(obstacleTo(WAITING, me, roleOfAsker)).toBe(expected);
});

test.each([
  ["", null],
  ["  too few ", null],
  ["  just enough  ", "just enough"],
  ["é".repeat(1000), "é".repeat(1000)],
  ["é".repeat(1001), null],
  ["😀".repeat(600), "😀".repeat(600)],
])("the reason %j", (typed, expected) => {
  expect(reasonFrom(typed)).toBe(expected);
});

test.each([
  ["", null],
  ["4", null],
  ["5", 5],
  [" 240 ", 240],
  ["241", null],
  ["1e2", null],
  ["30.5", null],
  ["-30", null],
])("the minutes %j", (typed, expected) => {
  expect(minutesFrom(typed)).toBe(expected);
});
