import {
  Button,
  ComboBox,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Text,
} from "react-aria-components";

import type { Account } from "../../../api/types";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { roleName } from "../role";

interface AccountBoxTexts {
  label: string;
  hint: string;
  none: string;
  show: string;
  missing: string;
}

interface AccountBoxProps {
  accounts: readonly Account[];
  chosen: string | null;
  onChoose: (id: string | null) => void;
  isMissing: boolean;
  texts: AccountBoxTexts;
}

/** One account among many: typed in part, then chosen. */
export function AccountBox({ accounts, chosen, onChoose, isMissing, texts }: AccountBoxProps) {
  const messages = useMessages();
  return (
    <ComboBox
      className="account-box"
      defaultItems={accounts}
      selectedKey={chosen}
      onSelectionChange={(key) => onChoose(typeof key === "string" ? key : null)}
      isInvalid={isMissing}
      validationBehavior="aria"
      allowsEmptyCollection
      autoFocus
    >
      <Label>{texts.label}</Label>
      <div className="with-button">
        <Input
          className="input prose"
          dir="ltr"
          autoComplete="off"
          spellCheck="false"
          autoCapitalize="none"
        />
        <Button className="icon-btn" aria-label={texts.show}>
          <Icon name="chevron" isSmall />
        </Button>
      </div>
      <Text slot="description" className="field-hint">
        {texts.hint}
      </Text>
      <FieldError className="field-error">{texts.missing}</FieldError>
      <Popover className="popover list account-list" placement="bottom start">
        <ListBox<Account> renderEmptyState={() => <p className="aside">{texts.none}</p>}>
          {(account) => (
            <ListBoxItem id={account.id} textValue={account.name} className="option">
              <bdi>{account.name}</bdi>
              <small>{roleName(account.role, messages)}</small>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
