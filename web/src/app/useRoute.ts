import { useMemo, useSyncExternalStore, type MouseEvent } from "react";

import { addressOf, placeOf, type ListFilter, type Place, type Route } from "./route";

/** `replace` where the step back should not return to what is left. */
type Step = "push" | "replace";

const listeners = new Set<() => void>();

export interface RouteControl extends Place {
  go: (route: Route, step?: Step) => void;
  filterBy: (change: Partial<ListFilter>, step?: Step) => void;
}

/** Where the page is, by the History API; going somewhere never reloads it. */
export function useRoute(): RouteControl {
  const address = useSyncExternalStore(subscribe, currentAddress);
  return useMemo(() => ({ ...placeOf(new URL(address, window.origin)), go, filterBy }), [address]);
}

/** Whether a click on a link means this tab. */
export function isPlainClick(event: MouseEvent): boolean {
  const { button, metaKey, ctrlKey, shiftKey, altKey, defaultPrevented } = event;
  return button === 0 && !metaKey && !ctrlKey && !shiftKey && !altKey && !defaultPrevented;
}

function go(route: Route, step: Step = "push"): void {
  visit({ route, filter: placeOf(window.location).filter }, step);
}

function filterBy(change: Partial<ListFilter>, step: Step = "replace"): void {
  const { route, filter } = placeOf(window.location);
  visit({ route, filter: { ...filter, ...change } }, step);
}

function visit(place: Place, step: Step): void {
  const address = addressOf(place);
  if (address === currentAddress()) return;
  if (step === "push") window.history.pushState(null, "", address);
  else window.history.replaceState(null, "", address);
  listeners.forEach((listener) => listener());
}

function currentAddress(): string {
  return window.location.pathname + window.location.search;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}
