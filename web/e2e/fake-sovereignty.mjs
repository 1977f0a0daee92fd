/** The report of the stand-in server: a real one, cut to some of its checks. */
import { readFile } from "node:fs/promises";

const REPORT = new URL("../src/features/sovereignty/testing/report.json", import.meta.url);

/** With what a test changes of it, once it may come. */
export async function assessmentFor({ assessment: { until, ...changes } }) {
  await until;
  return { ...JSON.parse(await readFile(REPORT, "utf8")), ...changes };
}
