import { Icon, type IconName } from "../../../icons/Icon";
import { useProtectionTexts } from "../../../messages/protection/texts";
import type { OpeningState } from "../opening";

const ICONS: Record<OpeningState, IconName> = {
  waiting: "clock",
  open: "eye",
  lapsed: "clock",
  refused: "close",
  ended: "check",
  revoked: "stop",
};

/** What an opening is, by sign and word. */
export function StateMark({ state }: { state: OpeningState }) {
  const { opening } = useProtectionTexts();
  return (
    <span className={`state-mark is-${state}`}>
      <Icon name={ICONS[state]} isSmall />
      {opening.states[state]}
    </span>
  );
}
