import { useState } from "react";
import { Button } from "react-aria-components";

import { isOffered } from "../../../app/desks";
import type { Opening, Session } from "../../../api/types";
import { PageState } from "../../../components/PageState";
import { StateBlock } from "../../../components/StateBlock";
import { useToast } from "../../../components/Toast";
import { Icon } from "../../../icons/Icon";
import { useProtectionTexts } from "../../../messages/protection/texts";
import "../../../styles/protection.css";
import { useDataSubjects, type DataSubjects } from "../../account/hooks/useDataSubjects";
import { useNow } from "../hooks/useNow";
import { useOpenings, type OpeningsControl } from "../hooks/useOpenings";
import { isOver, nextChange, obstacleTo, stateAt, type Onlooker } from "../opening";
import { OpenedDialog } from "./OpenedDialog";
import { OpeningCard, type OpeningDeed } from "./OpeningCard";
import { OpeningDialog } from "./OpeningDialog";
import { PastOpenings } from "./PastOpenings";
import { RequestDialog } from "./RequestDialog";

type Open = { kind: "none" } | { kind: "ask" } | { kind: OpeningDeed; opening: Opening };

export interface BreakGlassPageProps {
  me: Session;
}

/** Two persons open one person's conversations, in sight of all whom it concerns. */
export function BreakGlassPage({ me: { account: me } }: BreakGlassPageProps) {
  const { opening: texts } = useProtectionTexts();
  const control = useOpenings();
  const mayAct = me.permissions.includes("break_glass");
  const isOfPage = isOffered("break-glass", me.permissions);
  const subjects = useDataSubjects(mayAct);
  const [open, setOpen] = useState<Open>({ kind: "none" });
  const { openings, failure, isLooking } = control;
  return (
    <div className="desk openings">
      {isOfPage ? (
        <div className="desk-head">
          <p>{texts.lead}</p>
          <div className="acts">
            {mayAct && (
              <Button className="btn pri" onPress={() => setOpen({ kind: "ask" })}>
                <Icon name="plus" />
                {texts.ask}
              </Button>
            )}
            <Button className="btn" isPending={isLooking} onPress={control.refresh}>
              <Icon name="retry" />
              {texts.refresh}
            </Button>
          </div>
        </div>
      ) : (
        <StateBlock title={texts.deniedTitle} kind="denied">
          <p>{texts.deniedText}</p>
        </StateBlock>
      )}
      <PageState
        isLoading={openings === null}
        failure={failure}
        denied={{ title: texts.deniedTitle, text: texts.deniedText }}
        onRetry={control.refresh}
      />
      {openings !== null && (
        <Lists
          openings={openings}
          me={me}
          mayAct={mayAct}
          isOfPage={isOfPage}
          roleOf={roleIn(subjects)}
          onDeed={(kind, opening) => setOpen({ kind, opening })}
        />
      )}
      <OpenLayer
        open={open}
        onClose={() => setOpen({ kind: "none" })}
        control={control}
        subjects={subjects}
        myId={me.id}
      />
    </div>
  );
}

interface ListsProps {
  openings: readonly Opening[];
  me: Onlooker;
  mayAct: boolean;
  /** Otherwise what is here concerns whoever looks, and nobody else. */
  isOfPage: boolean;
  roleOf: (id: string) => string | null;
  onDeed: (deed: OpeningDeed, opening: Opening) => void;
}

function Lists({ openings, me, mayAct, isOfPage, roleOf, onDeed }: ListsProps) {
  const { opening: texts } = useProtectionTexts();
  const now = useNow((at) => nextChange(openings, at));
  const shown = openings.map((opening) => ({ opening, state: stateAt(opening, now) }));
  const current = shown.filter(({ state }) => !isOver(state));
  const past = shown.filter(({ state }) => isOver(state));
  const cards = current.map(({ opening, state }) => (
    <OpeningCard
      key={opening.id}
      opening={opening}
      state={state}
      mayAct={mayAct}
      obstacle={obstacleTo(opening, me, roleOf(opening.requester))}
      onDeed={onDeed}
    />
  ));
  if (!isOfPage) {
    return (
      <section aria-labelledby="openings-concerned">
        <h2 id="openings-concerned">{texts.concerned}</h2>
        {shown.length === 0 && <p className="aside">{texts.concernedNone}</p>}
        {cards}
        {past.length > 0 && <PastOpenings past={past} />}
      </section>
    );
  }
  return (
    <>
      <section aria-labelledby="openings-now">
        <h2 id="openings-now">{texts.now}</h2>
        {cards.length === 0 ? <p className="aside">{texts.noneNow}</p> : cards}
      </section>
      <section aria-labelledby="openings-past">
        <h2 id="openings-past">{texts.past}</h2>
        {past.length === 0 ? (
          <p className="aside">{texts.nonePast}</p>
        ) : (
          <PastOpenings past={past} />
        )}
      </section>
    </>
  );
}

interface OpenLayerProps {
  open: Open;
  onClose: () => void;
  control: OpeningsControl;
  subjects: DataSubjects;
  myId: string;
}

function OpenLayer({ open, onClose, control, subjects, myId }: OpenLayerProps) {
  const { opening: texts } = useProtectionTexts();
  const toast = useToast();
  switch (open.kind) {
    case "none":
      return null;
    case "ask":
      return (
        <RequestDialog
          subjects={subjects}
          myId={myId}
          ask={control.ask}
          onAsked={() => {
            onClose();
            toast({ text: texts.statusAsked });
          }}
          onClose={onClose}
        />
      );
    case "read":
      return <OpenedDialog opening={open.opening} onClose={onClose} />;
    case "agree":
    case "refuse":
    case "withdraw":
    case "end":
      return (
        <OpeningDialog deed={open.kind} opening={open.opening} control={control} onClose={onClose} />
      );
  }
}

function roleIn({ accounts }: DataSubjects): (id: string) => string | null {
  return (id) => accounts?.find((account) => account.id === id)?.role ?? null;
}
