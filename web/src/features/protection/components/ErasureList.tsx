import type { Erasure } from "../../../api/types";
import { formatDate } from "../../../format/date";
import { Icon } from "../../../icons/Icon";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { isDone } from "../erasure";
import { ErasureFacts } from "./ErasureFacts";
import { SaveCertificate } from "./SaveCertificate";

/** Orders to erase, the newest first: each folds open to what came of it, and its certificate. */
export function ErasureList({ erasures }: { erasures: readonly Erasure[] }) {
  const { locale } = useSpeech();
  const { erasure: words } = useProtectionTexts();
  return (
    <ul className="folded">
      {erasures.map((erasure) => (
        <li key={erasure.id}>
          <details>
            <summary>
              <span className="name">
                {words.of(formatDate(new Date(erasure.ordered_at), locale))}
              </span>
              <code dir="ltr" translate="no" className="ellipsis">
                {erasure.subject}
              </code>
              <span className={isDone(erasure) ? "state-mark" : "state-mark is-running"}>
                <Icon name={isDone(erasure) ? "check" : "clock"} isSmall />
                {isDone(erasure) ? words.states.done : words.states.under_way}
              </span>
            </summary>
            <div className="fold">
              <ErasureFacts erasure={erasure} />
              <SaveCertificate erasure={erasure} />
            </div>
          </details>
        </li>
      ))}
    </ul>
  );
}
