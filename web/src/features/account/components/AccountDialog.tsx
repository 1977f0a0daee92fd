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
import { useTask } from "../../../components/useTask";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useMessages } from "../../../messages/messages";
import type { AccountsControl } from "../hooks/useAccounts";
import type { Role } from "../role";
import { RoleChoice } from "./RoleChoice";

const NAME_SIGNS = "a-z 0-9 . _ - + @";

interface AccountDialogProps {
  roles: readonly Role[];
  create: AccountsControl["create"];
  onMade: (account: Account) => void;
  onClose: () => void;
}

/** Makes an account of a person or a program. */
export function AccountDialog({ roles, create, onMade, onClose }: AccountDialogProps) {
  const { parts } = useMessages();
  const { people } = useDeskTexts();
  const [name, setName] = useState("");
  const [kind, setKind] = useState("person");
  const [role, setRole] = useState<string>(roles.includes("member") ? "member" : (roles[0] ?? ""));
  const [isTried, setIsTried] = useState(false);
  const { isRunning, failure, run } = useTask();
  const typed = name.trim();
  const isOfName = failure?.code === "request.invalid" || failure?.code === "account.exists";
  const nameError = failure?.code === "account.exists" ? people.nameTaken : failure?.message;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setIsTried(typed === "");
    if (typed === "") return;
    void run(async () => onMade(await create({ name: typed, kind, role })));
  };

  return (
    <Dialog
      title={people.make}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen && !isRunning) onClose();
      }}
      footer={
        <>
          <Button className="btn pri" type="submit" form="account-form">
            {isRunning ? people.making : people.makeConfirm}
          </Button>
          <Button className="btn quiet" isDisabled={isRunning} onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      {failure !== null && !isOfName && <ErrorNote failure={failure} />}
      <Form id="account-form" className="fields" onSubmit={submit} validationBehavior="aria">
        <TextField
          value={name}
          onChange={setName}
          isInvalid={isTried || isOfName}
          validationBehavior="aria"
          autoComplete="off"
          autoFocus
        >
          <Label>{people.name}</Label>
          <Input className="input prose" dir="ltr" spellCheck="false" autoCapitalize="none" />
          <Text slot="description" className="field-hint">
            {people.nameHint(NAME_SIGNS)}
          </Text>
          <FieldError className="field-error">{isTried ? people.nameEmpty : nameError}</FieldError>
        </TextField>
        <RadioGroup className="choice" value={kind} orientation="horizontal" onChange={setKind}>
          <Label>{people.kind}</Label>
          <div className="segments">
            <Radio value="person" className="segment">
              {people.kinds.person}
            </Radio>
            <Radio value="service" className="segment">
              {people.kinds.service}
            </Radio>
          </div>
        </RadioGroup>
        <RoleChoice roles={roles} value={role} onChange={setRole} />
      </Form>
    </Dialog>
  );
}
