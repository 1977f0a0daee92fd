type Step = () => Promise<void>;

const steps = new Set<Step>();

/** Runs `step` before a session is ended here, e.g. to save what only this browser holds. */
export function beforeSignOut(step: Step): () => void {
  steps.add(step);
  return () => steps.delete(step);
}

/** Runs every step; one that fails does not keep the others from running. */
export async function runBeforeSignOut(): Promise<void> {
  await Promise.allSettled([...steps].map((step) => step()));
}
