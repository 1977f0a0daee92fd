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
    let start = null;
    bench.rows = null;
    const onEvent = ({ timeStamp }) => (start = timeStamp);
    document.addEventListener(type, onEvent, true);
    const observer = new MutationObserver(() => {
      // Lists of what was typed before may still arrive.
      const request = start === null ? undefined : requestSince(start);
      const isBusy = document.querySelector(".rows")?.getAttribute("aria-busy") !== "false";
      if (isBusy || request === undefined) return;
      observer.disconnect();
      document.removeEventListener(type, onEvent, true);
      void bench.painted().then((at) => {
        const before = request.startTime - start;
        bench.rows = { ms: at - start, before, request: request.responseEnd - request.startTime };
      });
    });
    const attributeFilter = ["aria-busy"];
    observer.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter });
  };

  /** The answered request for the list that the page is to show, asked after `start`. */
  const requestSince = (start) => {
    const wanted = document.querySelector(".find input").value.trim();
    return performance.getEntriesByType("resource").findLast(({ name, startTime }) => {
      if (startTime < start || !name.includes("/v1/conversations?")) return false;
      return (new URL(name).searchParams.get("search") ?? "") === wanted;
    });
  };
}
