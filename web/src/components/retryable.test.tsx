import { Suspense, act, type ComponentType } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { retryable } from "./retryable";

let root: Root;
const place = document.createElement("div");

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(place);
});
afterEach(() => {
  act(() => root.unmount());
  vi.unstubAllGlobals();
});

function Here() {
  return "here";
}

function Away() {
  return "away";
}

async function shown(Component: ComponentType): Promise<string> {
  await act(async () => {
    root.render(
      <Suspense fallback="…">
        <Component />
      </Suspense>,
    );
  });
  return place.textContent;
}

test("a file that did not come is asked for again the next time", async () => {
  let isUp = false;
  const load = vi.fn(async () => {
    if (!isUp) throw new Error("unreachable");
    return Here;
  });
  const take = retryable(load, Away);
  const first = take();
  expect(await shown(first)).toBe("away");
  isUp = true;
  // What is shown stays until it is opened anew.
  expect(await shown(first)).toBe("away");
  expect(await shown(take())).toBe("here");
  expect(await shown(take())).toBe("here");
  expect(load).toHaveBeenCalledTimes(2);
});
