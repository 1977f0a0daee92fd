import { useState } from "react";
import { Button } from "react-aria-components";

import { isOffered } from "../../../app/desks";
import type { Hold, Session } from "../../../api/types";
import { ConfirmDialog } from "../../../components/ConfirmDialog";
import { PageState } from "../../../components/PageState";
import { StateBlock } from "../../../components/StateBlock";
import { useToast } from "../../../components/Toast";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { wordsFor } from "../../../messages/protection/words";
import "../../../styles/protection.css";
import { useDataSubjects, type DataSubjects } from "../../account/hooks/useDataSubjects";
import { useErasures } from "../hooks/useErasures";
import { useHolds, type HoldsControl } from "../hooks/useHolds";
import { CheckCommand } from "./CheckCommand";
import { EraseDialog } from "./EraseDialog";
import { ErasureList } from "./ErasureList";
import { HoldDialog } from "./HoldDialog";
import { HoldTable } from "./HoldTable";

type Open = { kind: "none" } | { kind: "hold" | "erase" } | { kind: "lift"; hold: Hold };

export interface ProtectionPageProps {
  me: Session;
}

/** What must be kept, and who was erased: for whoever protects data. */
export function ProtectionPage({ me }: ProtectionPageProps) {
  const { protection: texts } = useProtectionTexts();
  // Nothing is asked of the server that it would refuse and write down.
  if (!isOffered("data-protection", me.account.permissions)) {
    return (
      <div className="desk protection">
        <StateBlock title={texts.deniedTitle} kind="denied">
          <p>{texts.deniedText}</p>
        </StateBlock>
      </div>
    );
  }
  return <AllowedPage />;
}

function AllowedPage() {
  const { protection: texts } = useProtectionTexts();
  const holds = useHolds();
  const subjects = useDataSubjects(true);
  const [open, setOpen] = useState<Open>({ kind: "none" });
  return (
    <div className="desk protection">
      <p className="lead-in">{texts.lead}</p>
      <HoldSection
        control={holds}
        subjects={subjects}
        onPlace={() => setOpen({ kind: "hold" })}
        onLift={(hold) => setOpen({ kind: "lift", hold })}
      />
      <ErasureSection isReady={subjects.accounts !== null} onErase={() => setOpen({ kind: "erase" })} />
      <OpenLayer
        open={open}
        holds={holds}
        subjects={subjects}
        onClose={() => setOpen({ kind: "none" })}
      />
    </div>
  );
}

interface HoldSectionProps {
  control: HoldsControl;
  subjects: DataSubjects;
  onPlace: () => void;
  onLift: (hold: Hold) => void;
}

function HoldSection({ control, subjects, onPlace, onLift }: HoldSectionProps) {
  const { hold: texts, protection } = useProtectionTexts();
  const { holds, failure, refresh } = control;
  const { accounts } = subjects;
  const retry = (): void => {
    refresh();
    subjects.retry();
  };
  return (
    <section aria-labelledby="holds-title">
      <header className="desk-head">
        <h2 id="holds-title">{texts.title}</h2>
        <Button className="btn" isDisabled={accounts === null || holds === null} onPress={onPlace}>
          <Icon name="plus" />
          {texts.place}
        </Button>
      </header>
      <p className="aside">{texts.lead}</p>
      <PageState
        isLoading={holds === null || accounts === null}
        failure={failure ?? subjects.failure}
        denied={{ title: protection.deniedTitle, text: protection.deniedText }}
        onRetry={retry}
      />
      {holds?.length === 0 && <p className="aside">{texts.empty}</p>}
      {holds !== null && holds.length > 0 && accounts !== null && (
        <HoldTable
          holds={holds}
          nameOf={(id) => accounts.find((account) => account.id === id)?.name ?? null}
          onLift={onLift}
        />
      )}
    </section>
  );
}

function ErasureSection({ isReady, onErase }: { isReady: boolean; onErase: () => void }) {
  const { erasure: texts, protection } = useProtectionTexts();
  const { erasures, failure, refresh } = useErasures();
  return (
    <section aria-labelledby="erasures-title">
      <header className="desk-head">
        <h2 id="erasures-title">{texts.title}</h2>
        <Button className="btn bad" isDisabled={!isReady} onPress={onErase}>
          {texts.erase}…
        </Button>
      </header>
      <p className="aside">{texts.lead}</p>
      <PageState
        isLoading={erasures === null}
        failure={failure}
        denied={{ title: protection.deniedTitle, text: protection.deniedText }}
        onRetry={refresh}
      />
      {erasures?.length === 0 && <p className="aside">{texts.empty}</p>}
      {erasures !== null && erasures.length > 0 && (
        <>
          <ErasureList erasures={erasures} />
          <CheckCommand erasure={null} />
        </>
      )}
    </section>
  );
}

interface OpenLayerProps {
  open: Open;
  holds: HoldsControl;
  subjects: DataSubjects;
  onClose: () => void;
}

function OpenLayer({ open, holds, subjects, onClose }: OpenLayerProps) {
  const texts = useProtectionTexts();
  const toast = useToast();
  const accounts = subjects.accounts ?? [];
  switch (open.kind) {
    case "none":
      return null;
    case "hold":
      return (
        <HoldDialog account={null} accounts={accounts} place={holds.place} onClose={onClose} />
      );
    case "erase":
      return (
        <EraseDialog
          account={null}
          accounts={accounts}
          holds={holds.holds ?? []}
          onClose={onClose}
        />
      );
    case "lift":
      return (
        <ConfirmDialog
          title={texts.hold.liftTitle}
          confirm={texts.hold.liftConfirm}
          confirming={texts.hold.lifting}
          keep={texts.hold.keep}
          act={async () => {
            await holds.lift(open.hold.id);
            toast({ text: texts.hold.statusLifted });
          }}
          wordsFor={(failure) => wordsFor(failure, texts)}
          onClose={onClose}
        >
          <p>{texts.hold.liftText(isolate(open.hold.reference))}</p>
        </ConfirmDialog>
      );
  }
}
