import { useId } from "react";

import type { SovereigntyReport } from "../../../api/types";
import { formatMoment } from "../../../format/date";
import { isolate } from "../../../format/bidi";
import { numberFormat } from "../../../format/number";
import { Icon, type IconName } from "../../../icons/Icon";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useSpeech } from "../../../messages/messages";
import { conclusionOf, type Conclusion as End } from "../assessment";
import { useCheckTitles } from "../check-titles";

const ICONS: Record<End, IconName> = {
  passed: "info",
  gateFailed: "alert",
  knockOut: "alert",
  notMeasured: "info",
};

/** How it ends, what no score makes up for, and three scores that are never one. */
export function Conclusion({ report }: { report: SovereigntyReport }) {
  const titleId = useId();
  const { locale } = useSpeech();
  const { sovereignty: texts } = useDeskTexts();
  const titleOf = useCheckTitles();
  const end = conclusionOf(report);
  const { score, tender, knock_outs: knockOuts } = report;
  const points = (value: number): string =>
    numberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
  const scores = [
    [texts.scoreProved, score.proved],
    [texts.scoreAssisted, score.with_assisted],
    [texts.scoreDeclared, score.with_declared],
  ] as const;
  return (
    <section className={`conclusion is-${end}`} aria-labelledby={titleId}>
      <h2 id={titleId}>
        <Icon name={ICONS[end]} />
        {texts.conclusions[end]}
      </h2>
      <p>{texts.conclusionTexts[end]}</p>
      {knockOuts.length > 0 && (
        <ul className="knock-outs">
          {knockOuts.map((id) => (
            <li key={id}>{titleOf(id, report.checks.find((check) => check.id === id)?.expected)}</li>
          ))}
        </ul>
      )}
      <dl className="scores">
        {scores.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{points(value)}</dd>
          </div>
        ))}
      </dl>
      <p className="aside">
        {texts.assessedAt(isolate(formatMoment(new Date(report.assessed_at), locale)))}{" "}
        {tender == null ? texts.noTender : texts.tender(isolate(tender))}
      </p>
    </section>
  );
}
