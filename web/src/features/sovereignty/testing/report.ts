import type { SovereigntyReport } from "../../../api/types";
import report from "./report.json";

/** What a fresh deployment said of itself, cut to some of its checks. */
export const SAMPLE_REPORT: SovereigntyReport = report;
