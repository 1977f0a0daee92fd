import type { Opening } from "../../../api/types";
import { isolate } from "../../../format/bidi";
import { formatDate } from "../../../format/date";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import type { OpeningState } from "../opening";
import { OpeningFacts } from "./OpeningFacts";
import { StateMark } from "./StateMark";

export interface PastOpening {
  opening: Opening;
  state: OpeningState;
}

/** What is over, the newest first: each folds open to all that is known of it. */
export function PastOpenings({ past }: { past: readonly PastOpening[] }) {
  const { locale } = useSpeech();
  const { opening: texts } = useProtectionTexts();
  return (
    <ul className="folded">
      {past.map(({ opening, state }) => (
        <li key={opening.id}>
          <details>
            <summary>
              <span className="name">{texts.of(isolate(opening.account_name ?? texts.erased))}</span>
              <span className="day">{formatDate(new Date(opening.requested_at), locale)}</span>
              <StateMark state={state} />
            </summary>
            <div className="fold">
              <OpeningFacts opening={opening} state={state} />
            </div>
          </details>
        </li>
      ))}
    </ul>
  );
}
