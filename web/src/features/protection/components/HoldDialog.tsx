import { useState, type FormEvent } from "react";
import {
  Button,
  FieldError,
  Form,
  Input,
  Label,
  Radio,
  RadioGroup,
  Text,
  TextField,
} from "react-aria-components";

import type { Account } from "../../../api/types";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { useToast } from "../../../components/Toast";
import { useTask } from "../../../components/useTask";
import { isolate } from "../../../format/bidi";
import { useMessages } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { wordsFor } from "../../../messages/protection/words";
import { HOLD_REASONS, referenceFrom, type HoldReason } from "../hold";
import type { HoldsControl } from "../hooks/useHolds";
import { ReasonChoice } from "./ReasonChoice";
import { SubjectBox } from "./SubjectBox";

interface HoldDialogProps {
  /** Whose content is held, where that is known already. */
  account: Account | null;
  /** Of whom one is chosen otherwise. */
  accounts: readonly Account[];
  place: HoldsControl["place"];
  onClose: () => void;
}

/** Places a hold: over what, why, in which case. */
export function HoldDialog({ account, accounts, place, onClose }: HoldDialogProps) {
  const { parts } = useMessages();
  const texts = useProtectionTexts();
  const { hold, protection } = texts;
  const toast = useToast();
  const { isRunning, failure, run } = useTask();
  const [scope, setScope] = useState("account");
  const [chosen, setChosen] = useState<string | null>(account?.id ?? null);
  const [reason, setReason] = useState<HoldReason>("litigation");
  const [typed, setTyped] = useState("");
  const [isTried, setIsTried] = useState(false);
  const isOfAll = account === null && scope === "organisation";
  const reference = referenceFrom(typed);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const isWhole = reference !== null && (isOfAll || chosen !== null);
    setIsTried(!isWhole);
    if (!isWhole) return;
    const wish = { account: isOfAll ? null : chosen, reason, reference };
    if (!(await run(() => place(wish)))) return;
    toast({ text: hold.statusPlaced });
    onClose();
  };

  return (
    <Dialog
      title={account === null ? hold.placeTitle : hold.placeOf(isolate(account.name))}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen && !isRunning) onClose();
      }}
      footer={
        <>
          <Button className="btn pri" type="submit" form="hold-form">
            {isRunning ? hold.placing : hold.placeConfirm}
          </Button>
          <Button className="btn quiet" isDisabled={isRunning} onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      <p>{hold.placeText}</p>
      {failure !== null && <ErrorNote failure={failure} words={wordsFor(failure, texts)} />}
      <Form
        id="hold-form"
        className="fields"
        onSubmit={(event) => void submit(event)}
        validationBehavior="aria"
      >
        {account === null && (
          <RadioGroup
            className="choice"
            value={scope}
            orientation="horizontal"
            onChange={setScope}
          >
            <Label>{hold.scope}</Label>
            <div className="segments">
              <Radio value="account" className="segment">
                {hold.scopes.account}
              </Radio>
              <Radio value="organisation" className="segment">
                {hold.scopes.organisation}
              </Radio>
            </div>
          </RadioGroup>
        )}
        {account === null && !isOfAll && (
          <SubjectBox
            accounts={accounts}
            chosen={chosen}
            onChoose={setChosen}
            isMissing={isTried && chosen === null}
          />
        )}
        <ReasonChoice
          label={protection.reason}
          reasons={HOLD_REASONS}
          names={hold.reasons}
          value={reason}
          onChange={setReason}
        />
        <TextField
          value={typed}
          onChange={setTyped}
          isInvalid={isTried && reference === null}
          validationBehavior="aria"
          autoComplete="off"
        >
          <Label>{hold.reference}</Label>
          <Input className="input prose" dir="auto" />
          <Text slot="description" className="field-hint">
            {hold.referenceHint}
          </Text>
          <FieldError className="field-error">{hold.referenceWrong}</FieldError>
        </TextField>
      </Form>
    </Dialog>
  );
}
