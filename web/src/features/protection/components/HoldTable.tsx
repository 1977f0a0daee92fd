import { Button } from "react-aria-components";

import type { Hold } from "../../../api/types";
import { Bidi } from "../../../components/Bidi";
import { isolate } from "../../../format/bidi";
import { formatDate } from "../../../format/date";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts, type ProtectionTexts } from "../../../messages/protection/texts";
import { HOLD_REASONS, isInForce } from "../hold";

interface HoldTableProps {
  holds: readonly Hold[];
  /** What an account is called; `null` where it is no longer here. */
  nameOf: (account: string) => string | null;
  onLift: (hold: Hold) => void;
}

/** Roles are written out: on a phone the rows are no table to the eye, and stay one to the ear. */
export function HoldTable({ holds, nameOf, onLift }: HoldTableProps) {
  const { locale } = useSpeech();
  const texts = useProtectionTexts();
  const { hold: words } = texts;
  const day = (time: string): string => formatDate(new Date(time), locale);
  return (
    <table className="table" role="table" aria-label={words.title}>
      <thead role="rowgroup">
        <tr role="row">
          {[words.reference, words.account, words.reason, words.placed, words.state].map((title) => (
            <th key={title} role="columnheader" scope="col">
              {title}
            </th>
          ))}
          <th role="columnheader" scope="col">
            <span className="vh">{words.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {holds.map((hold) => (
          <tr key={hold.id} role="row" className={isInForce(hold) ? "" : "off"}>
            <th role="rowheader" scope="row" className="main">
              <Bidi>{hold.reference}</Bidi>
            </th>
            <td role="cell">
              <Bidi>{whatIsHeld(hold, nameOf, texts)}</Bidi>
            </td>
            <td role="cell">{reasonName(hold.reason, texts)}</td>
            <td role="cell">{words.placedOn(day(hold.placed_at))}</td>
            <td role="cell">
              {hold.lifted_at == null ? words.inForce : words.liftedOn(day(hold.lifted_at))}
            </td>
            <td role="cell" className="deeds">
              {isInForce(hold) && (
                <Button
                  className="btn sm"
                  aria-label={words.liftOf(isolate(hold.reference))}
                  onPress={() => onLift(hold)}
                >
                  {words.lift}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function whatIsHeld(
  { account }: Hold,
  nameOf: HoldTableProps["nameOf"],
  { protection }: ProtectionTexts,
): string {
  return account == null ? protection.everything : (nameOf(account) ?? protection.erasedPerson);
}

/** A reason of a newer server is shown by its word. */
function reasonName(reason: string, { hold }: ProtectionTexts): string {
  const known = HOLD_REASONS.find((one) => one === reason);
  return known === undefined ? reason : hold.reasons[known];
}
