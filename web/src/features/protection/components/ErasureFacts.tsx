import type { ReactNode } from "react";

import type { Erasure } from "../../../api/types";
import { formatMoment } from "../../../format/date";
import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts, type ProtectionTexts } from "../../../messages/protection/texts";
import { roleName } from "../../account/role";
import { ERASURE_REASONS } from "../erasure";

/** What was ordered, by whom, and how far it is. Nothing of it names the person. */
export function ErasureFacts({ erasure }: { erasure: Erasure }) {
  const { locale, messages } = useSpeech();
  const texts = useProtectionTexts();
  const { erasure: words, protection } = texts;
  const moment = (time: string): string => formatMoment(new Date(time), locale);
  const { ordered_by: role, removed_at: removedAt, erased } = erasure;
  const by = role === "operator" ? words.operator : roleName(role, messages);
  const removed = erased.filter(({ count }) => count > 0);
  return (
    <dl className="facts">
      <Fact name={protection.reason}>{reasonName(erasure.reason, texts)}</Fact>
      <Fact name={words.orderedBy}>{words.byRole(by, moment(erasure.ordered_at))}</Fact>
      {removedAt != null && <Fact name={words.removedAt}>{moment(removedAt)}</Fact>}
      {removed.length > 0 && (
        <Fact name={words.removed}>
          <ul>
            {removed.map(({ class: name, count }) => (
              <li key={name}>
                {className(name, texts)} <strong>{formatCount(count, locale).text}</strong>
              </li>
            ))}
          </ul>
        </Fact>
      )}
      <Fact name={words.subject}>
        <code dir="ltr" translate="no">
          {erasure.subject}
        </code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Words of a newer server are shown as they are. */
function reasonName(reason: string, { erasure }: ProtectionTexts): string {
  const known = ERASURE_REASONS.find((one) => one === reason);
  return known === undefined ? reason : erasure.reasons[known];
}

function className(name: string, { erasure }: ProtectionTexts): string {
  return Object.hasOwn(erasure.classes, name)
    ? erasure.classes[name as keyof typeof erasure.classes]
    : name;
}
