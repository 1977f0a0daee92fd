import { useQuery } from "@tanstack/react-query";

import type { SovereigntyReport } from "../../../api/types";
import { failureOf, type Failure } from "../../../errors/failure";
import { fetchAssessment } from "../api/assessment";

const ASSESSMENT_KEY = ["sovereignty"] as const;

export interface AssessmentControl {
  /** The last one that this tab has seen; `null` before the first. */
  report: SovereigntyReport | null;
  isRunning: boolean;
  failure: Failure | null;
  /** Returns whether there is a new report. */
  run: () => Promise<boolean>;
}

/** An assessment costs the server a minute and the log an entry: it is made when asked for. */
export function useAssessment(): AssessmentControl {
  const query = useQuery({
    queryKey: ASSESSMENT_KEY,
    queryFn: fetchAssessment,
    enabled: false,
    retry: false,
    staleTime: Infinity,
    gcTime: Infinity,
  });
  return {
    report: query.data ?? null,
    isRunning: query.isFetching,
    failure: query.error === null ? null : failureOf(query.error),
    run: async () => (await query.refetch()).isSuccess,
  };
}
