import type { SovereigntyCheck } from "../../../api/types";
import { numberFormat } from "../../../format/number";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useSpeech } from "../../../messages/messages";
import { SHARES, byVerdict, type Verdict } from "../assessment";
import { useCheckTitles } from "../check-titles";
import { VerdictMark } from "./VerdictMark";

interface CheckListProps {
  checks: readonly SovereigntyCheck[];
}

/** Every check by what became of it; what is open shows at once what to do. */
export function CheckList({ checks }: CheckListProps) {
  const { language, locale } = useSpeech();
  const { sovereignty: texts } = useDeskTexts();
  return (
    <>
      {language !== "en" && <p className="aside">{texts.inEnglish}</p>}
      {[...byVerdict(checks)].map(([verdict, found]) => (
        <details key={verdict} className="check-group" open={isOpen(verdict)}>
          <summary>
            <VerdictMark verdict={verdict} />
            <span className="tag">{numberFormat(locale, {}).format(found.length)}</span>
          </summary>
          <ul>
            {found.map((check) => (
              <CheckItem key={check.id} check={check} isOpen={isOpen(verdict)} />
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}

/** Whether somebody has something to do. */
function isOpen(verdict: Verdict): boolean {
  return verdict === "failed" || verdict === "notMeasured";
}

function CheckItem({ check, isOpen: hasHint }: { check: SovereigntyCheck; isOpen: boolean }) {
  const { sovereignty: texts } = useDeskTexts();
  const titleOf = useCheckTitles();
  const { id, objective, observed, hint, knock_out: isKnockOut } = check;
  const share = SHARES.find((one) => one === check.share);
  return (
    <li className="check">
      <h3>
        {titleOf(id, check.expected)}
        {isKnockOut && <span className="tag">{texts.knockOut}</span>}
      </h3>
      <p className="aside">
        <code dir="ltr">{id}</code> <bdi>{objective}</bdi>
        {share !== undefined && <span>{texts.shares[share]}</span>}
      </p>
      <dl>
        <div>
          <dt>{texts.observed}</dt>
          <dd lang="en" dir="ltr">
            {observed}
          </dd>
        </div>
        {hasHint && (
          <div>
            <dt>{texts.todo}</dt>
            <dd lang="en" dir="ltr">
              {hint}
            </dd>
          </div>
        )}
      </dl>
    </li>
  );
}
