import type { ReactNode } from "react";

import type { Opening } from "../../../api/types";
import { isolate } from "../../../format/bidi";
import { formatMoment } from "../../../format/date";
import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import type { OpeningState } from "../opening";

/** Who stands for an opening, why, and for how long. */
export function OpeningFacts({ opening, state }: { opening: Opening; state: OpeningState }) {
  const { locale } = useSpeech();
  const { opening: texts } = useProtectionTexts();
  const step = (name: string | null | undefined, at: string): string =>
    texts.asked(isolate(name ?? texts.erased), formatMoment(new Date(at), locale));
  const { minutes, reason, approved_at: approvedAt, closed_at: closedAt } = opening;
  return (
    <dl className="facts">
      <Fact name={texts.reason}>
        <bdi className="reason">{reason}</bdi>
      </Fact>
      <Fact name={texts.askedBy}>{step(opening.requester_name, opening.requested_at)}</Fact>
      {state !== "waiting" && (
        <Fact name={texts.agreedBy}>
          {approvedAt == null ? texts.nobody : step(opening.approver_name, approvedAt)}
        </Fact>
      )}
      {closedAt != null && (
        <Fact name={texts.closedBy}>{step(opening.closer_name, closedAt)}</Fact>
      )}
      <Fact name={texts.time}>{texts.duration(minutes, formatCount(minutes, locale).text)}</Fact>
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
