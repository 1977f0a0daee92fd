import { useId } from "react";

import type { SovereigntyObjective } from "../../../api/types";
import { numberFormat } from "../../../format/number";
import { useDeskTexts, type DeskTexts } from "../../../messages/desk/texts";
import { useSpeech } from "../../../messages/messages";
import { SHARES, verdictOf } from "../assessment";
import { ShareBar } from "./ShareBar";

type ObjectiveId = keyof DeskTexts["sovereignty"]["objectiveNames"];

interface ObjectiveTableProps {
  objectives: readonly SovereigntyObjective[];
}

/** Each objective with what is proved, assisted and declared, apart; levels; what a tender asks. */
export function ObjectiveTable({ objectives }: ObjectiveTableProps) {
  const titleId = useId();
  const { sovereignty: texts } = useDeskTexts();
  return (
    <section className="objectives" aria-labelledby={titleId}>
      <h2 id={titleId}>{texts.objectives}</h2>
      <ul className="legend">
        {[...SHARES, "missing" as const].map((share) => (
          <li key={share}>
            <svg className="share-mark" viewBox="0 0 16 16" aria-hidden="true">
              <rect className={`share-${share}`} x="0" y="0" width="16" height="16" />
            </svg>
            <span>
              <strong>{texts.shares[share]}</strong> {texts.shareTexts[share]}
            </span>
          </li>
        ))}
      </ul>
      <ul className="objective-list">
        {objectives.map((objective) => (
          <Objective key={objective.id} objective={objective} />
        ))}
      </ul>
      <p className="aside">{texts.levelsExplained}</p>
    </section>
  );
}

function Objective({ objective }: { objective: SovereigntyObjective }) {
  const { locale } = useSpeech();
  const { sovereignty: texts } = useDeskTexts();
  const percent = (fraction: number): string =>
    numberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(fraction);
  const { id } = objective;
  return (
    <li className="objective">
      <h3>
        <bdi className="sign">{id}</bdi> {Object.hasOwn(texts.objectiveNames, id) && texts.objectiveNames[id as ObjectiveId]}
        <span className="weight">{texts.weight(percent(objective.weight_percent / 100))}</span>
      </h3>
      <ShareBar objective={objective} />
      <dl className="shares">
        {[...SHARES, "missing" as const].map((share) => (
          <div key={share}>
            <dt>{texts.shares[share]}</dt>
            <dd>{percent(objective[share])}</dd>
          </div>
        ))}
        <div className="level">
          <dt>{texts.evidenced}</dt>
          <dd>{objective.evidenced ?? texts.noLevel}</dd>
        </div>
        <div className="level">
          <dt>{texts.claimed}</dt>
          <dd>{objective.claimed ?? texts.noLevel}</dd>
        </div>
      </dl>
      <Gate objective={objective} />
    </li>
  );
}

function Gate({ objective: { gate } }: { objective: SovereigntyObjective }) {
  const { sovereignty: texts } = useDeskTexts();
  if (gate == null) return null;
  const verdict = verdictOf(gate.result);
  const text =
    verdict === "passed"
      ? texts.gatePassed
      : verdict === "failed"
        ? texts.gateFailed
        : texts.gateNotMeasured;
  return <p className={`gate is-${verdict}`}>{text(String(gate.minimum))}</p>;
}
