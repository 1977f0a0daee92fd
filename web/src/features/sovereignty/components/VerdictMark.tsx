import { Icon, type IconName } from "../../../icons/Icon";
import { useDeskTexts } from "../../../messages/desk/texts";
import type { Verdict } from "../assessment";

const ICONS: Record<Verdict, IconName> = {
  failed: "alert",
  notMeasured: "info",
  passed: "check",
  notApplicable: "close",
};

/** A sign with its word: never the colour alone. */
export function VerdictMark({ verdict }: { verdict: Verdict }) {
  const { sovereignty: texts } = useDeskTexts();
  return (
    <span className={`verdict is-${verdict}`}>
      <Icon name={ICONS[verdict]} isSmall />
      {texts.verdicts[verdict]}
    </span>
  );
}
