import { useState, type FormEvent } from "react";
import { Button, FieldError, Form, Input, Label, Text, TextField } from "react-aria-components";

import { Commands } from "../../../components/Commands";
import { useMessages } from "../../../messages/messages";
import { tokenFrom } from "../api/link";
import type { SessionControl } from "../hooks/useSession";

interface SignInFormProps {
  session: Pick<SessionControl, "isSigningIn" | "signIn">;
  /** Takes the focus where it appears: it is all that a dialog asks for. */
  hasFocus?: boolean;
}

/** Takes a pasted link or token. */
export function SignInForm({ session, hasFocus = false }: SignInFormProps) {
  const { signIn } = useMessages();
  const [pasted, setPasted] = useState("");
  const [isMissing, setIsMissing] = useState(false);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const token = tokenFrom(pasted);
    setIsMissing(token === "");
    if (token === "" || session.isSigningIn) return;
    void session.signIn(token).then(() => setPasted(""));
  };

  return (
    <Form className="sign-in-form" onSubmit={submit} validationBehavior="aria">
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
      <Button type="submit" className="btn pri">
        {session.isSigningIn ? signIn.submitting : signIn.submit}
      </Button>
    </Form>
  );
}
