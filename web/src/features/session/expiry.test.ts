// @vitest-environment node
import { expect, test } from "vitest";

import { SessionExpiry } from "./expiry";

test("who waits goes on after sign-in, not after a postponement", async () => {
  const expiry = new SessionExpiry();
  const { signal } = new AbortController();
  await expiry.signedIn(signal);
  expiry.raise();
  let isSignedIn = false;
  const waiting = expiry.signedIn(signal).then(() => {
    isSignedIn = true;
  });
  expiry.postpone();
  await Promise.resolve();
  expect([expiry.isAsking(), expiry.isExpired(), isSignedIn]).toEqual([false, true, false]);
  expiry.raise();
  expect(expiry.isAsking()).toBe(true);
  expiry.settle();
  await waiting;
  expect([expiry.isAsking(), expiry.isExpired(), isSignedIn]).toEqual([false, false, true]);
});

test("a wait ends with its signal", async () => {
  const expiry = new SessionExpiry();
  const closing = new AbortController();
  expiry.raise();
  const waiting = expiry.signedIn(closing.signal);
  closing.abort();
  await waiting;
  expect(expiry.isExpired()).toBe(true);
});
