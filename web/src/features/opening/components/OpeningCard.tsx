import { Button } from "react-aria-components";

import type { Opening } from "../../../api/types";
import { isolate } from "../../../format/bidi";
import { formatMoment } from "../../../format/date";
import { Icon } from "../../../icons/Icon";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { changesAt, type Obstacle, type OpeningState } from "../opening";
import { OpeningFacts } from "./OpeningFacts";
import { StateMark } from "./StateMark";

export type OpeningDeed = "agree" | "refuse" | "withdraw" | "end" | "read";

interface OpeningCardProps {
  opening: Opening;
  state: OpeningState;
  /** Whether whoever looks may ask, agree and close. */
  mayAct: boolean;
  obstacle: Obstacle | null;
  onDeed: (deed: OpeningDeed, opening: Opening) => void;
}

/** A request that waits, or what is open: what about, who stands for it, what can be done. */
export function OpeningCard({ opening, state, mayAct, obstacle, onDeed }: OpeningCardProps) {
  const { locale } = useSpeech();
  const { opening: texts } = useProtectionTexts();
  const subject = isolate(opening.account_name ?? texts.erased);
  const end = changesAt(opening);
  const ends = end === null ? "" : formatMoment(new Date(end), locale);
  const titleId = `opening-${opening.id}`;
  return (
    <article className={`opening is-${state}`} aria-labelledby={titleId}>
      <header>
        <h3 id={titleId}>{texts.of(subject)}</h3>
        <StateMark state={state} />
      </header>
      <p className="until">{state === "open" ? texts.openUntil(ends) : texts.waitsUntil(ends)}</p>
      <OpeningFacts opening={opening} state={state} />
      {mayAct && state === "waiting" && obstacle !== null && (
        <p className="obstacle">
          <Icon name="info" isSmall />
          <span>{texts.why[obstacle]}</span>
        </p>
      )}
      {mayAct && (
        <div className="acts">
          <Acts opening={opening} state={state} obstacle={obstacle} onDeed={onDeed} />
        </div>
      )}
    </article>
  );
}

function Acts({ opening, state, obstacle, onDeed }: Omit<OpeningCardProps, "mayAct">) {
  const { opening: texts } = useProtectionTexts();
  const isMine = obstacle === "ownRequest";
  const act = (deed: OpeningDeed) => (): void => onDeed(deed, opening);
  if (state === "open") {
    return (
      <>
        {isMine && (
          <Button className="btn" onPress={act("read")}>
            <Icon name="eye" />
            {texts.read}
          </Button>
        )}
        <Button className="btn" onPress={act("end")}>
          {texts.end}
        </Button>
      </>
    );
  }
  return (
    <>
      {obstacle === null && (
        <Button className="btn" onPress={act("agree")}>
          {texts.agree}
        </Button>
      )}
      <Button className="btn" onPress={act(isMine ? "withdraw" : "refuse")}>
        {isMine ? texts.withdraw : texts.refuse}
      </Button>
    </>
  );
}
