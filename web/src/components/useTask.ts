import { useState } from "react";

import { failureOf, type Failure } from "../errors/failure";

/** One request of a dialog at a time, and why the last one failed. */
export function useTask() {
  const [isRunning, setIsRunning] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  /** Returns whether it has worked. */
  const run = async (task: () => Promise<void>): Promise<boolean> => {
    if (isRunning) return false;
    setIsRunning(true);
    setFailure(null);
    try {
      await task();
      return true;
    } catch (thrown) {
      setFailure(failureOf(thrown));
      return false;
    } finally {
      setIsRunning(false);
    }
  };
  return { isRunning, failure, run };
}
