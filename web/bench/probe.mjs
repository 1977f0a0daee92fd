/** What a page notes about itself while it is measured. Runs in the page, before its scripts. */
export function installProbe() {
  const bench = { tasks: [], events: [], shifts: [], typedAt: null, rowsAt: null };
  window.bench = bench;

  const observe = (type, note, options = {}) => {
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, ...options });
  };
  observe("longtask", ({ startTime, duration }) => bench.tasks.push({ startTime, duration }));
  const noteEvent = ({ name, startTime, duration, interactionId, processingStart, processingEnd }) => {
    if (interactionId === 0) return;
    const delay = processingStart - startTime;
    const work = processingEnd - processingStart;
    bench.events.push({ name, startTime, duration, interactionId, delay, work });
  };
  // 16 is the least that the browser allows.
  observe("event", noteEvent, { durationThreshold: 16 });
  observe("layout-shift", ({ startTime, value, hadRecentInput }) => {
    bench.shifts.push({ startTime, value, hadRecentInput });
  });

  /** The time after what is in the document now has been drawn. */
  bench.painted = () =>
    new Promise((resolve) => {
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      });
    });

  /** The first letter that the field keeps. */
  const onInput = async ({ target }) => {
    if (!(target instanceof HTMLTextAreaElement) || bench.typedAt !== null) return;
    const at = await bench.painted();
    if (target.isConnected && target.value !== "") bench.typedAt ??= at;
  };
  document.addEventListener("input", (event) => void onInput(event), true);

  const rows = new MutationObserver(() => {
    if (document.querySelector(".conv-row a") === null) return;
    rows.disconnect();
    void bench.painted().then((at) => (bench.rowsAt = at));
  });
  rows.observe(document, { childList: true, subtree: true });

  /** Notes in `rows` how long it takes from the latest such event to the list that it asks for. */
  bench.expectRows = (type) => {
    let [start, wasBusy] = [null, false];
    bench.rows = null;
    const onEvent = ({ timeStamp }) => ([start, wasBusy] = [timeStamp, false]);
    document.addEventListener(type, onEvent, true);
    const observer = new MutationObserver(() => {
      if (start === null) return;
      const isBusy = document.querySelector(".rows")?.getAttribute("aria-busy") !== "false";
      wasBusy ||= isBusy;
      if (isBusy || !wasBusy) return;
      observer.disconnect();
      document.removeEventListener(type, onEvent, true);
      void bench.painted().then((at) => (bench.rows = { ms: at - start, ...requestSince(start) }));
    });
    const attributeFilter = ["aria-busy"];
    observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter });
  };

  /** When the list was asked for, and how long its answer took. */
  const requestSince = (start) => {
    const isList = ({ name, startTime }) =>
      name.includes("/v1/conversations?") && startTime >= start;
    const request = performance.getEntriesByType("resource").findLast(isList);
    if (request === undefined) return { before: null, request: null };
    return { before: request.startTime - start, request: request.responseEnd - request.startTime };
  };
}
