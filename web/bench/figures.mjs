/** Figures out of what a page has noted. */

/** Slower interactions than one in so many are left out of INP, as its definition says. */
const INTERACTIONS_PER_OUTLIER = 50;
/** Shifts belong together within a second of each other, for five seconds at most. */
const SHIFT_GAP_MS = 1000;
const SHIFT_WINDOW_MS = 5000;

export function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export function longest(tasks) {
  return Math.max(0, ...tasks.map(({ duration }) => duration));
}

/** The slowest event of each interaction. Events faster than `least` are not reported. */
export function interactions(events, count, least) {
  const slowest = new Map();
  for (const { interactionId, duration } of events) {
    slowest.set(interactionId, Math.max(duration, slowest.get(interactionId) ?? 0));
  }
  const reported = [...slowest.values()];
  const rest = Math.max(0, count - reported.length);
  return [...reported, ...Array.from({ length: rest }, () => least)];
}

/** Interaction to Next Paint. */
export function inp(durations) {
  const sorted = [...durations].sort((one, other) => other - one);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length / INTERACTIONS_PER_OUTLIER))];
}

/**
 * Cumulative Layout Shift. Shifts soon after an input count too: somebody types all the time, and
 * leaving them out would leave out everything.
 */
export function layoutShift(shifts) {
  let [worst, sum, first, last] = [0, 0, -Infinity, -Infinity];
  for (const { startTime, value } of shifts) {
    const isNew = startTime - last > SHIFT_GAP_MS || startTime - first > SHIFT_WINDOW_MS;
    if (isNew) [sum, first] = [0, startTime];
    sum += value;
    last = startTime;
    worst = Math.max(worst, sum);
  }
  return worst;
}
