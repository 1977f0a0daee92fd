import type { ReactNode } from "react";
import {
  Dialog,
  DialogTrigger,
  Label,
  Popover,
  Radio,
  RadioGroup,
} from "react-aria-components";

import { IconButton } from "../components/IconButton";
import { AccountSection, type AccountTargets } from "../features/session/components/AccountSection";
import {
  LANGUAGES,
  LANGUAGE_NAMES,
  NATIVE_DIGITS,
  type Digits,
  type Language,
} from "../format/locale";
import { useSpeech } from "../messages/messages";
import type { Theme } from "./preferences";
import { usePreferences } from "./usePreferences";

/** Who is signed in and what is theirs; language, theme, digits. */
export function SettingsMenu({ account }: { account: AccountTargets | null }) {
  const { messages } = useSpeech();
  const { settings } = messages;
  return (
    <DialogTrigger>
      <IconButton icon="settings" name={settings.open} />
      <Popover className="popover" placement="bottom end">
        <Dialog className="settings" aria-label={settings.open}>
          {({ close }) => (
            <>
              {account !== null && <AccountSection {...account} onLeave={close} />}
              <SettingsChoices />
            </>
          )}
        </Dialog>
      </Popover>
    </DialogTrigger>
  );
}

/** What a person may choose about the page, kept in this browser. */
function SettingsChoices() {
  const { language: spoken, messages } = useSpeech();
  const { settings } = messages;
  const { language, theme, digits, change } = usePreferences();
  const nativeDigits = NATIVE_DIGITS[spoken];
  return (
    <>
      <Choice
        label={settings.language}
        value={language}
        options={LANGUAGES.map((tag) => [tag, <span lang={tag}>{LANGUAGE_NAMES[tag]}</span>])}
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
      {nativeDigits !== undefined && (
        <Choice
          label={settings.digits}
          value={digits}
          options={[
            ["locale", settings.digitsOfRegion],
            ["latin", <Sample numberingSystem="latn" />],
            ["native", <Sample numberingSystem={nativeDigits} />],
          ]}
          onChange={(chosen: Digits) => change({ digits: chosen })}
        />
      )}
    </>
  );
}

/** The digits themselves, which need no word. */
function Sample({ numberingSystem }: { numberingSystem: string }) {
  const locale = new Intl.Locale("en", { numberingSystem });
  return <bdi>{new Intl.NumberFormat(locale, { useGrouping: false }).format(123)}</bdi>;
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
