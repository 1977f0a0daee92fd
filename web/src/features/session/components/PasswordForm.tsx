import { useState, type FormEvent } from "react";
import { Button, FieldError, Form, Input, Label, TextField } from "react-aria-components";

import { PasswordField } from "../../../components/PasswordField";
import { useMessages } from "../../../messages/messages";
import type { SessionControl } from "../hooks/useSession";

interface PasswordFormProps {
  session: Pick<SessionControl, "isSigningIn" | "signIn">;
  /** Who was signed in on this page. */
  knownName?: string;
  /** Takes the focus where it appears, in the first field that is empty. */
  hasFocus?: boolean;
}

/** Takes a name and a password. */
export function PasswordForm({ session, knownName = "", hasFocus = false }: PasswordFormProps) {
  const { signIn } = useMessages();
  const [name, setName] = useState(knownName);
  const [password, setPassword] = useState("");
  const [isTried, setIsTried] = useState(false);
  const typedName = name.trim();

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const isWhole = typedName !== "" && password !== "";
    setIsTried(!isWhole);
    if (!isWhole || session.isSigningIn) return;
    // The name stays: what was wrong is mostly the password.
    void session.signIn({ name: typedName, password }).then(() => setPassword(""));
  };

  return (
    <Form className="fields" onSubmit={submit} validationBehavior="aria">
      <TextField
        value={name}
        onChange={setName}
        name="username"
        isInvalid={isTried && typedName === ""}
        validationBehavior="aria"
        autoComplete="username"
        autoFocus={hasFocus && knownName === ""}
      >
        <Label>{signIn.name}</Label>
        <Input className="input prose" dir="ltr" spellCheck="false" autoCapitalize="none" />
        <FieldError className="field-error">{signIn.nameEmpty}</FieldError>
      </TextField>
      <PasswordField
        label={signIn.password}
        value={password}
        onChange={setPassword}
        autoComplete="current-password"
        autoFocus={hasFocus && knownName !== ""}
        error={isTried && password === "" ? signIn.passwordEmpty : null}
      />
      <Button type="submit" className="btn pri">
        {session.isSigningIn ? signIn.submitting : signIn.submit}
      </Button>
    </Form>
  );
}
