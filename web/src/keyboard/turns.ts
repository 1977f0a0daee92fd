/** Goes to the question after or before the one in view; tells whether there is one. */
export function moveToTurn(step: 1 | -1): boolean {
  const view = document.querySelector<HTMLElement>("main .scroll");
  const turns = [...(view?.querySelectorAll<HTMLElement>(".turn") ?? [])];
  if (view === null || turns.length === 0) return false;
  const inset = Number.parseFloat(getComputedStyle(view).paddingBlockStart);
  const edge = view.getBoundingClientRect().top + inset;
  const tops = turns.map((turn) => turn.getBoundingClientRect().top - edge);
  const next = turns[nextTurn(tops, step)];
  if (next === undefined) return false;
  // The focus goes along, so that reading aloud goes on there.
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  view.scrollTop += next.getBoundingClientRect().top - edge;
  return true;
}

/** Which turn to go to, by how far the top of each is from the edge of the view. */
export function nextTurn(tops: readonly number[], step: 1 | -1): number {
  // Half a pixel or so is lost to rounding.
  if (step === 1) return tops.findIndex((top) => top > 1);
  return tops.findLastIndex((top) => top < -1);
}
