import { useState } from "react";
import { FieldError, Input, Label, Text, TextField } from "react-aria-components";

import { useMessages } from "../messages/messages";
import { IconButton } from "./IconButton";

interface PasswordFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Tells a password store what belongs here. */
  autoComplete: "current-password" | "new-password";
  hint?: string;
  error: string | null;
  autoFocus?: boolean;
}

/** A password, which may be looked at while it is typed. */
export function PasswordField(props: PasswordFieldProps) {
  const { label, value, onChange, autoComplete, hint, error, autoFocus = false } = props;
  const { parts } = useMessages();
  const [isShown, setIsShown] = useState(false);
  return (
    <TextField
      type={isShown ? "text" : "password"}
      name={autoComplete}
      value={value}
      onChange={onChange}
      isInvalid={error !== null}
      validationBehavior="aria"
      autoComplete={autoComplete}
      autoFocus={autoFocus}
    >
      <Label>{label}</Label>
      <div className="with-button">
        <Input className="input prose" spellCheck="false" autoCapitalize="none" />
        <IconButton
          icon={isShown ? "eyeOff" : "eye"}
          name={parts.showPassword}
          aria-pressed={isShown}
          onPress={() => setIsShown(!isShown)}
        />
      </div>
      {hint !== undefined && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}
