/** The parts of the page that F6 goes through, in the order of reading. */
const REGIONS = ["nav.nav", "header.top", "main .scroll", "main .below", "main .centre", "main .desk", ".notice", ".toasts"];

const FOCUSABLE =
  'a[href],button:not([disabled]),input:not([disabled]),textarea:not([disabled]),[tabindex]:not([tabindex="-1"])';

/** Where the focus was when it left a region; it returns there. */
const lastFocus = new WeakMap<Element, HTMLElement>();

/** Moves the focus to the next part of the page, or the one before; tells whether there was one. */
export function moveToRegion(step: 1 | -1): boolean {
  const regions = REGIONS.flatMap((selector) => [...document.querySelectorAll(selector)]).filter(
    (region) => entryOf(region) !== null,
  );
  const focused = document.activeElement;
  const at = regions.findIndex((region) => region.contains(focused));
  const current = regions[at];
  if (current !== undefined && focused instanceof HTMLElement) lastFocus.set(current, focused);
  const start = at === -1 && step === -1 ? 0 : at;
  const next = regions[(start + step + regions.length) % regions.length];
  const entry = next === undefined ? null : entryOf(next);
  entry?.focus();
  return entry !== null;
}

/** What takes the focus in a region: what had it last, a field to write in, or the first thing. */
function entryOf(region: Element): HTMLElement | null {
  const last = lastFocus.get(region);
  if (last !== undefined && region.contains(last)) return last;
  if (region instanceof HTMLElement && region.tabIndex >= 0) return region;
  const writable = region.querySelector<HTMLElement>("textarea:not([disabled])");
  return writable ?? region.querySelector<HTMLElement>(FOCUSABLE);
}
