import { useState, type FormEvent } from "react";
import { Button, FieldError, Form, Input, Label, Text, TextField } from "react-aria-components";

import { Commands } from "../../../components/Commands";
import { useMessages } from "../../../messages/messages";
import { tokenFrom } from "../api/link";
import type { SessionControl } from "../hooks/useSession";

interface LinkFormProps {
  session: Pick<SessionControl, "isSigningIn" | "signIn">;
  /** Takes the focus where it appears: it is what this person can do. */
  hasFocus?: boolean;
}

/** Takes a pasted link or token. */
export function LinkForm({ session, hasFocus = false }: LinkFormProps) {
  const { signIn } = useMessages();
  const [pasted, setPasted] = useState("");
  const [isMissing, setIsMissing] = useState(false);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const token = tokenFrom(pasted);
    setIsMissing(token === "");
    if (token === "" || session.isSigningIn) return;
    void session.signIn({ token }).then(() => setPasted(""));
  };

  return (
    <Form className="fields" onSubmit={submit} validationBehavior="aria">
      <TextField
        value={pasted}
        onChange={setPasted}
        isInvalid={isMissing}
        validationBehavior="aria"
        autoComplete="off"
        autoFocus={hasFocus}
      >
        <Label>{signIn.field}</Label>
        <Input className="input" dir="ltr" spellCheck="false" autoCapitalize="none" />
        <Text slot="description" className="field-hint">
          <Commands text={signIn.fieldHint} />
        </Text>
        <FieldError className="field-error">{signIn.fieldEmpty}</FieldError>
      </TextField>
      <Button type="submit" className="btn">
        {session.isSigningIn ? signIn.submitting : signIn.useLink}
      </Button>
    </Form>
  );
}
