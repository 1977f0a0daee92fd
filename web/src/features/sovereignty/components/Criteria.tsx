import type { SovereigntyFramework } from "../../../api/types";
import { isolate } from "../../../format/bidi";
import { useDeskTexts } from "../../../messages/desk/texts";
import { verdictOf } from "../assessment";
import { VerdictMark } from "./VerdictMark";

/** How each criterion of a text stands, by the checks that speak for it. */
export function Criteria({ framework }: { framework: SovereigntyFramework }) {
  const { sovereignty: texts } = useDeskTexts();
  return (
    <div className="criteria">
      <p className="aside">
        <bdi lang="en">{framework.revision}</bdi>. {texts.criteriaExplained}
      </p>
      <ul>
        {framework.criteria.map(({ id, title, verdict, passed, applicable }) => (
          <li key={id} className="criterion">
            <VerdictMark verdict={verdictOf(verdict)} />
            <span>
              <bdi className="sign">{id}</bdi> <bdi lang="en">{title}</bdi>
            </span>
            <span className="aside">
              {texts.criterionCount(isolate(`${passed} / ${applicable}`))}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
