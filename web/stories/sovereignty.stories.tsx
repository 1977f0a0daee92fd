import { Suspense, type ReactNode } from "react";

import { CheckList } from "../src/features/sovereignty/components/CheckList";
import { Conclusion } from "../src/features/sovereignty/components/Conclusion";
import { Criteria } from "../src/features/sovereignty/components/Criteria";
import { ObjectiveTable } from "../src/features/sovereignty/components/ObjectiveTable";
import { SAMPLE_REPORT } from "../src/features/sovereignty/testing/report";
import "../src/styles/sovereignty.css";
import type { Story } from "./story";

const within = (shown: ReactNode) => (): ReactNode => (
  <Suspense>
    <div className="sovereignty">{shown}</div>
  </Suspense>
);

const objectives = SAMPLE_REPORT.objectives.map((objective, at) => ({
  ...objective,
  declared: at === 0 ? 0.75 : objective.declared,
  missing: at === 0 ? 0.25 : objective.missing,
  gate: { minimum: 2, result: ["ok", "FAIL", "not measured"][at % 3] ?? "ok" },
}));

const knockedOut = {
  ...SAMPLE_REPORT,
  conclusion: "knock-out",
  knock_outs: ["log.verified"],
  tender: "Hospital 2027",
};
const [framework] = SAMPLE_REPORT.frameworks;

const story: Story = {
  title: "Sovereignty",
  states: {
    "no knock-out": within(<Conclusion report={SAMPLE_REPORT} />),
    "a knock-out, with a tender": within(<Conclusion report={knockedOut} />),
    "objectives, with a tender": within(<ObjectiveTable objectives={objectives} />),
    criteria: within(framework !== undefined && <Criteria framework={framework} />),
    checks: within(<CheckList checks={SAMPLE_REPORT.checks} />),
  },
};
export default story;
