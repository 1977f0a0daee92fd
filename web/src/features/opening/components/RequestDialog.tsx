import { useState, type FormEvent } from "react";
import {
  Button,
  FieldError,
  Form,
  Input,
  Label,
  Text,
  TextArea,
  TextField,
} from "react-aria-components";

import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { Skeleton } from "../../../components/Skeleton";
import { useTask } from "../../../components/useTask";
import { useMessages } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { wordsFor } from "../../../messages/protection/words";
import { AccountBox } from "../../account/components/AccountBox";
import type { DataSubjects } from "../../account/hooks/useDataSubjects";
import type { OpeningsControl } from "../hooks/useOpenings";
import { minutesFrom, reasonFrom } from "../opening";

const MINUTES_AT_FIRST = "30";

interface RequestDialogProps {
  subjects: DataSubjects;
  myId: string;
  ask: OpeningsControl["ask"];
  onAsked: () => void;
  onClose: () => void;
}

/** Asks to open somebody's conversations: whose, why, for how long. */
export function RequestDialog({ subjects, myId, ask, onAsked, onClose }: RequestDialogProps) {
  const { parts } = useMessages();
  const { opening: texts } = useProtectionTexts();
  const { isRunning, failure, run } = useTask();
  const submit = (wish: Wish): void => {
    void run(async () => {
      await ask(wish);
      onAsked();
    });
  };
  return (
    <Dialog
      title={texts.askTitle}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen && !isRunning) onClose();
      }}
      footer={
        <>
          <Button
            className="btn pri"
            type="submit"
            form="opening-form"
            isDisabled={subjects.accounts === null}
          >
            {isRunning ? texts.asking : texts.askConfirm}
          </Button>
          <Button className="btn quiet" isDisabled={isRunning} onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      <p>{texts.askText}</p>
      <TaskFailure failure={failure ?? subjects.failure} />
      {subjects.accounts === null && subjects.failure === null && <Skeleton lines={3} />}
      {subjects.accounts !== null && (
        <RequestForm
          accounts={subjects.accounts.filter(({ id }) => id !== myId)}
          onSubmit={submit}
        />
      )}
    </Dialog>
  );
}

function TaskFailure({ failure }: Pick<ReturnType<typeof useTask>, "failure">) {
  const texts = useProtectionTexts();
  return failure === null ? null : <ErrorNote failure={failure} words={wordsFor(failure, texts)} />;
}

type Wish = Parameters<OpeningsControl["ask"]>[0];

interface RequestFormProps {
  accounts: NonNullable<DataSubjects["accounts"]>;
  onSubmit: (wish: Wish) => void;
}

function RequestForm({ accounts, onSubmit }: RequestFormProps) {
  const { opening: texts } = useProtectionTexts();
  const [account, setAccount] = useState<string | null>(null);
  const [typedReason, setTypedReason] = useState("");
  const [typedMinutes, setTypedMinutes] = useState(MINUTES_AT_FIRST);
  const [isTried, setIsTried] = useState(false);
  const reason = reasonFrom(typedReason);
  const minutes = minutesFrom(typedMinutes);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const isWhole = account !== null && reason !== null && minutes !== null;
    setIsTried(!isWhole);
    if (isWhole) onSubmit({ account, reason, minutes });
  };
  return (
    <Form id="opening-form" className="fields" onSubmit={submit} validationBehavior="aria">
      <AccountBox
        accounts={accounts}
        chosen={account}
        onChoose={setAccount}
        isMissing={isTried && account === null}
        texts={{
          label: texts.whose,
          hint: texts.whoseHint,
          none: texts.whoseNone,
          show: texts.showAccounts,
          missing: texts.whoseEmpty,
        }}
      />
      <TextField
        value={typedReason}
        onChange={setTypedReason}
        isInvalid={isTried && reason === null}
        validationBehavior="aria"
      >
        <Label>{texts.reason}</Label>
        <TextArea className="input prose area" dir="auto" rows={3} />
        <Text slot="description" className="field-hint">
          {texts.reasonHint}
        </Text>
        <FieldError className="field-error">{texts.reasonWrong}</FieldError>
      </TextField>
      <TextField
        value={typedMinutes}
        onChange={setTypedMinutes}
        isInvalid={isTried && minutes === null}
        validationBehavior="aria"
        inputMode="numeric"
        autoComplete="off"
      >
        <Label>{texts.minutes}</Label>
        <Input className="input prose short" />
        <Text slot="description" className="field-hint">
          {texts.minutesHint}
        </Text>
        <FieldError className="field-error">{texts.minutesWrong}</FieldError>
      </TextField>
    </Form>
  );
}
