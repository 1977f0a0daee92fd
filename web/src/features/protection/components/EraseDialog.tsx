import { useState, type FormEvent, type ReactNode } from "react";
import { Button, FieldError, Form, Input, Label, TextField } from "react-aria-components";

import type { Account, Erasure, Hold } from "../../../api/types";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { useTask } from "../../../components/useTask";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { wordsFor } from "../../../messages/protection/words";
import { ERASURE_REASONS, isConfirmed, type ErasureReason } from "../erasure";
import { holdOver } from "../hold";
import { useErasing } from "../hooks/useErasures";
import { ErasingDialog } from "./ErasingDialog";
import { ReasonChoice } from "./ReasonChoice";
import { SubjectBox } from "./SubjectBox";

interface EraseDialogProps {
  /** Who is erased, where that is known already. */
  account: Account | null;
  /** Of whom one is chosen otherwise. */
  accounts: readonly Account[];
  /** Those that forbid it are named before the server refuses. */
  holds: readonly Hold[];
  onClose: () => void;
}

/** Erases somebody for good: says what follows, asks for the name, and stays until it is ordered. */
export function EraseDialog({ account, accounts, holds, onClose }: EraseDialogProps) {
  const { parts } = useMessages();
  const texts = useProtectionTexts();
  const { erasure: words } = texts;
  const erase = useErasing();
  const { isRunning, failure, run } = useTask();
  const [ordered, setOrdered] = useState<Erasure | null>(null);
  const [chosenId, setChosenId] = useState<string | null>(account?.id ?? null);
  const chosen = account ?? accounts.find(({ id }) => id === chosenId) ?? null;
  const hold = chosen === null ? null : holdOver(holds, chosen);

  if (ordered !== null) return <ErasingDialog ordered={ordered} onClose={onClose} />;
  return (
    <Dialog
      title={account === null ? words.eraseTitle : words.eraseOf(isolate(account.name))}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen && !isRunning) onClose();
      }}
      footer={
        <>
          <Button className="btn bad" type="submit" form="erase-form" isDisabled={hold !== null}>
            {isRunning ? words.erasing : words.eraseConfirm}
          </Button>
          <Button className="btn quiet" isDisabled={isRunning} onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      <Consequences />
      {failure !== null && <ErrorNote failure={failure} words={wordsFor(failure, texts)} />}
      <EraseForm
        chosen={chosen}
        box={
          account === null && (
            <SubjectBox
              accounts={accounts}
              chosen={chosenId}
              onChoose={setChosenId}
              isMissing={false}
            />
          )
        }
        hold={hold}
        onErase={(id, reason) => void run(async () => setOrdered(await erase(id, reason)))}
      />
    </Dialog>
  );
}

/** Said before anything else can be done here. */
function Consequences() {
  const { erasure: words } = useProtectionTexts();
  return (
    <section className="consequences" aria-labelledby="consequences-title">
      <h3 id="consequences-title">
        <Icon name="alert" />
        {words.consequencesTitle}
      </h3>
      <ul>
        {words.consequences.map((consequence) => (
          <li key={consequence}>{consequence}</li>
        ))}
      </ul>
    </section>
  );
}

interface EraseFormProps {
  chosen: Account | null;
  box: ReactNode;
  hold: Hold | null;
  onErase: (account: string, reason: ErasureReason) => void;
}

function EraseForm({ chosen, box, hold, onErase }: EraseFormProps) {
  const { opening, erasure: words, protection } = useProtectionTexts();
  const [reason, setReason] = useState<ErasureReason>("request_of_person");
  const [typed, setTyped] = useState("");
  const [isTried, setIsTried] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const isWhole = chosen !== null && hold === null && isConfirmed(typed, chosen);
    setIsTried(!isWhole);
    if (isWhole) onErase(chosen.id, reason);
  };
  return (
    <Form id="erase-form" className="fields" onSubmit={submit} validationBehavior="aria">
      {box}
      {isTried && chosen === null && (
        <p className="field-error" role="alert">
          {opening.whoseEmpty}
        </p>
      )}
      {hold !== null && (
        <p className="held" role="alert">
          <Icon name="lock" isSmall />
          <span>{words.held(isolate(hold.reference))}</span>
        </p>
      )}
      {chosen !== null && hold === null && (
        <>
          <ReasonChoice
            label={protection.reason}
            reasons={ERASURE_REASONS}
            names={words.reasons}
            value={reason}
            onChange={setReason}
          />
          <TextField
            value={typed}
            onChange={setTyped}
            isInvalid={isTried && !isConfirmed(typed, chosen)}
            validationBehavior="aria"
            autoComplete="off"
          >
            <Label>{words.confirmName(isolate(chosen.name))}</Label>
            <Input className="input prose" dir="ltr" spellCheck="false" autoCapitalize="none" />
            <FieldError className="field-error">{words.confirmWrong}</FieldError>
          </TextField>
        </>
      )}
    </Form>
  );
}
