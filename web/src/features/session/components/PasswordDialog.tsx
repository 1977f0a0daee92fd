import { useState, type FormEvent } from "react";
import { Button, Form } from "react-aria-components";

import { Dialog } from "../../../components/Dialog";
import { PasswordField } from "../../../components/PasswordField";
import { useToast } from "../../../components/Toast";
import type { Failure } from "../../../errors/failure";
import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import type { SessionControl } from "../hooks/useSession";
import { PASSWORD_CHARACTERS_MIN, charactersOf } from "../password";
import { SignInRefusal } from "./SignInRefusal";

export interface PasswordDialogProps {
  session: Pick<SessionControl, "me" | "choosePassword">;
  onClose: () => void;
}

/** Chooses a password, or changes it; what the server refuses stands at the field that is wrong. */
export function PasswordDialog({ session, onClose }: PasswordDialogProps) {
  const { locale, messages } = useSpeech();
  const { password: texts, parts } = messages;
  const toast = useToast();
  const hasPassword = session.me?.has_password ?? true;
  const [current, setCurrent] = useState("");
  const [chosen, setChosen] = useState("");
  const [isTried, setIsTried] = useState(false);
  const [isSaving, setIsSaving] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  const count = charactersOf(chosen);
  const isShort = count < PASSWORD_CHARACTERS_MIN;
  const isCurrentMissing = hasPassword && current === "";
  const tooShort = texts.tooShort(count, formatCount(count, locale).text);

  const save = async (): Promise<void> => {
    setIsTried(true);
    setFailure(null);
    if (isShort || isCurrentMissing || isSaving) return;
    setIsSaving(true);
    const found = await session.choosePassword({ new: chosen, ...(hasPassword && { current }) });
    setIsSaving(false);
    setFailure(found);
    if (found !== null) return;
    toast({ text: texts.saved });
    onClose();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void save();
  };

  return (
    <Dialog
      title={hasPassword ? texts.change : texts.choose}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen && !isSaving) onClose();
      }}
      footer={
        <>
          <Button className="btn pri" type="submit" form="password-form">
            {isSaving ? texts.saving : texts.save}
          </Button>
          <Button className="btn quiet" isDisabled={isSaving} onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      <p>{hasPassword ? texts.changeLead : texts.chooseLead}</p>
      {failure !== null && !isOfField(failure) && <SignInRefusal failure={failure} />}
      <Form id="password-form" className="fields" onSubmit={submit} validationBehavior="aria">
        {/* Tells a password store whose password it is. */}
        <input
          className="vh"
          type="text"
          autoComplete="username"
          value={session.me?.account.name ?? ""}
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        {hasPassword && (
          <PasswordField
            label={texts.current}
            value={current}
            onChange={setCurrent}
            autoComplete="current-password"
            autoFocus
            error={
              isTried && isCurrentMissing
                ? texts.currentEmpty
                : failure?.code === WRONG
                  ? texts.wrong
                  : null
            }
          />
        )}
        <PasswordField
          label={texts.new}
          value={chosen}
          onChange={setChosen}
          autoComplete="new-password"
          autoFocus={!hasPassword}
          hint={texts.hint}
          error={isTried && isShort ? tooShort : failure?.code === REFUSED ? failure.message : null}
        />
      </Form>
    </Dialog>
  );
}

const WRONG = "auth.password_wrong";
const REFUSED = "request.invalid";

function isOfField({ code }: Failure): boolean {
  return code === WRONG || code === REFUSED;
}
