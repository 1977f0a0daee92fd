import type { ReactNode } from "react";
import {
  Button,
  Dialog,
  DialogTrigger,
  Label,
  Popover,
  Radio,
  RadioGroup,
} from "react-aria-components";

import { IconButton } from "../components/IconButton";
import { MESSAGES, useMessages } from "../messages/messages";
import { usePreferences } from "./usePreferences";
import type { Theme } from "./preferences";
import type { Language } from "../format/quantity";

/** Language, theme, and the way out. */
export function SettingsMenu({ onSignOut }: { onSignOut: (() => void) | null }) {
  const { settings } = useMessages();
  const { language, theme, change } = usePreferences();
  return (
    <DialogTrigger>
      <IconButton icon="settings" name={settings.open} />
      <Popover className="popover" placement="bottom end">
        <Dialog className="settings" aria-label={settings.open}>
          <Choice
            label={settings.language}
            value={language}
            options={[
              ["fr", <span lang="fr">{MESSAGES.fr.language.name}</span>],
              ["en", <span lang="en">{MESSAGES.en.language.name}</span>],
            ]}
            onChange={(chosen: Language) => change({ language: chosen })}
          />
          <Choice
            label={settings.theme}
            value={theme}
            options={[
              ["system", settings.system],
              ["light", settings.light],
              ["dark", settings.dark],
            ]}
            onChange={(chosen: Theme) => change({ theme: chosen })}
          />
          {onSignOut !== null && (
            <Button className="btn" onPress={onSignOut}>
              {settings.signOut}
            </Button>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

interface ChoiceProps<Value extends string> {
  label: string;
  value: Value;
  options: [Value, ReactNode][];
  onChange: (value: Value) => void;
}

function Choice<Value extends string>({ label, value, options, onChange }: ChoiceProps<Value>) {
  return (
    <RadioGroup
      className="choice"
      value={value}
      orientation="horizontal"
      onChange={(chosen) => onChange(chosen as Value)}
    >
      <Label>{label}</Label>
      <div className="segments">
        {options.map(([id, name]) => (
          <Radio key={id} value={id} className="segment">
            {name}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}
