import { useState } from "react";
import { Button } from "react-aria-components";

import type { SovereigntyReport } from "../../../api/types";
import { PageState } from "../../../components/PageState";
import { StateBlock } from "../../../components/StateBlock";
import { saveText } from "../../../components/save-text";
import { Icon } from "../../../icons/Icon";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useAnnounce } from "../../../status/StatusRegion";
import "../../../styles/sovereignty.css";
import { checksFor } from "../assessment";
import { useAssessment } from "../hooks/useAssessment";
import { CheckList } from "./CheckList";
import { Conclusion } from "./Conclusion";
import { Criteria } from "./Criteria";
import { FrameworkChoice } from "./FrameworkChoice";
import { ObjectiveTable } from "./ObjectiveTable";

/** What the deployment found out about itself, for who answers for it. */
export function SovereigntyPage() {
  const { sovereignty: texts } = useDeskTexts();
  const announce = useAnnounce();
  const { report, isRunning, failure, run } = useAssessment();
  const assess = async (): Promise<void> => {
    announce(texts.assessing);
    if (await run()) announce(texts.done);
  };
  return (
    <div className="desk sovereignty">
      <div className="desk-head">
        <p>{texts.lead}</p>
        <Button
          className={report === null ? "btn pri" : "btn"}
          isPending={isRunning}
          onPress={() => void assess()}
        >
          <Icon name={report === null ? "shield" : "retry"} />
          {isRunning ? texts.assessing : report === null ? texts.assess : texts.again}
        </Button>
      </div>
      <PageState
        isLoading={isRunning && report === null}
        failure={isRunning ? null : failure}
        denied={{ title: texts.deniedTitle, text: texts.deniedText }}
        onRetry={() => void assess()}
      />
      {report === null && !isRunning && failure === null && (
        <StateBlock title={texts.emptyTitle}>
          <p>{texts.emptyText}</p>
        </StateBlock>
      )}
      {report !== null && <ReportView report={report} isStale={isRunning} />}
    </div>
  );
}

interface ReportViewProps {
  report: SovereigntyReport;
  /** Another one is being made. */
  isStale: boolean;
}

/** A report as a whole. */
function ReportView({ report, isStale }: ReportViewProps) {
  const { sovereignty: texts } = useDeskTexts();
  const [frameworkId, setFrameworkId] = useState<string | null>(null);
  const framework = report.frameworks.find(({ id }) => id === frameworkId) ?? null;
  return (
    <div className={isStale ? "report stale" : "report"}>
      <Conclusion report={report} />
      <ObjectiveTable objectives={report.objectives} />
      <section className="checks" aria-labelledby="checks-title">
        <div className="checks-head">
          <h2 id="checks-title">{texts.checks}</h2>
          <FrameworkChoice
            frameworks={report.frameworks}
            chosen={frameworkId}
            onChoose={setFrameworkId}
          />
        </div>
        {framework !== null && <Criteria framework={framework} />}
        <CheckList checks={checksFor(report, framework)} />
      </section>
      <div className="report-end">
        <p className="aside">{texts.disclaimer}</p>
        <Button
          className="btn sm"
          onPress={() => saveText("sovereignty.json", `${JSON.stringify(report, null, 2)}\n`)}
        >
          {texts.save}
        </Button>
      </div>
    </div>
  );
}
