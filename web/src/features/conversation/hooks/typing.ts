/** Whoever pressed a key so recently is about to press another one. */
const TYPING_MS = 300;

let lastKeyAt = Number.NEGATIVE_INFINITY;
const waiting = new Set<() => void>();

window.addEventListener(
  "keydown",
  () => {
    lastKeyAt = performance.now();
    [...waiting].forEach((onKey) => onKey());
  },
  { capture: true, passive: true },
);

/** Whether somebody types, so that a keystroke may come at any moment. */
export function isTyping(): boolean {
  return performance.now() - lastKeyAt < TYPING_MS;
}

/**
 * Runs `action` when a keystroke is least likely to wait for it: right after the next one has been
 * drawn, or when none has come for a while. Gives a way to cancel it.
 */
export function afterKeystroke(action: () => void): () => void {
  let timer = window.setTimeout(run, TYPING_MS);
  let frame = 0;
  const onKey = (): void => {
    waiting.delete(onKey);
    window.clearTimeout(timer);
    frame = window.requestAnimationFrame(() => {
      // The next task comes after the frame that shows the keystroke.
      timer = window.setTimeout(run);
    });
  };
  waiting.add(onKey);
  function run(): void {
    waiting.delete(onKey);
    action();
  }
  return () => {
    waiting.delete(onKey);
    window.clearTimeout(timer);
    window.cancelAnimationFrame(frame);
  };
}
