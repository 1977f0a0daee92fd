import { useState, type FormEvent } from "react";
import {
  Button,
  Checkbox,
  CheckboxGroup,
  FieldError,
  Form,
  Input,
  Label,
  Text,
  TextField,
} from "react-aria-components";

import type { CreatedKey } from "../../../api/types";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { useTask } from "../../../components/useTask";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useMessages } from "../../../messages/messages";
import type { KeysControl } from "../hooks/useKeys";
import { DAYS_AT_FIRST, daysFrom, type KeyPermission } from "../key";

interface KeyDialogProps {
  /** What a key of this person can be made for. */
  allowed: readonly KeyPermission[];
  create: KeysControl["create"];
  onMade: (key: CreatedKey) => void;
  onClose: () => void;
}

/** Makes a key: what it is called, what it may do, when it ends. */
export function KeyDialog({ allowed, create, onMade, onClose }: KeyDialogProps) {
  const { parts } = useMessages();
  const { keys } = useDeskTexts();
  const [name, setName] = useState("");
  const [permissions, setPermissions] = useState<string[]>(allowed.slice(0, 1));
  const [typedDays, setTypedDays] = useState(String(DAYS_AT_FIRST));
  const [isTried, setIsTried] = useState(false);
  const { isRunning, failure, run } = useTask();

  const typedName = name.trim();
  const days = daysFrom(typedDays);
  const isWhole = typedName !== "" && permissions.length > 0 && days !== null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setIsTried(!isWhole);
    if (!isWhole) return;
    const wish = { name: typedName, permissions, ...(days !== "none" && { expires_in_days: days }) };
    void run(async () => onMade(await create(wish)));
  };

  return (
    <Dialog
      title={keys.make}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen && !isRunning) onClose();
      }}
      footer={
        <>
          <Button className="btn pri" type="submit" form="key-form">
            {isRunning ? keys.making : keys.makeConfirm}
          </Button>
          <Button className="btn quiet" isDisabled={isRunning} onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      {failure !== null && <ErrorNote failure={failure} />}
      <Form id="key-form" className="fields" onSubmit={submit} validationBehavior="aria">
        <TextField
          value={name}
          onChange={setName}
          isInvalid={isTried && typedName === ""}
          validationBehavior="aria"
          autoComplete="off"
          autoFocus
        >
          <Label>{keys.name}</Label>
          <Input className="input prose" />
          <Text slot="description" className="field-hint">
            {keys.nameHint}
          </Text>
          <FieldError className="field-error">{keys.nameEmpty}</FieldError>
        </TextField>
        <CheckboxGroup
          className="choice lines"
          value={permissions}
          onChange={setPermissions}
          isInvalid={isTried && permissions.length === 0}
          validationBehavior="aria"
        >
          <Label>{keys.permissions}</Label>
          {allowed.map((permission) => (
            <Checkbox key={permission} value={permission} className="line-choice">
              <span className="box" aria-hidden="true" />
              <span>{keys.permissionTexts[permission]}</span>
            </Checkbox>
          ))}
          <FieldError className="field-error">{keys.permissionsEmpty}</FieldError>
        </CheckboxGroup>
        <TextField
          value={typedDays}
          onChange={setTypedDays}
          isInvalid={isTried && days === null}
          validationBehavior="aria"
          inputMode="numeric"
          autoComplete="off"
        >
          <Label>{keys.days}</Label>
          <Input className="input prose short" />
          <Text slot="description" className="field-hint">
            {keys.daysHint}
          </Text>
          <FieldError className="field-error">{keys.daysWrong}</FieldError>
        </TextField>
      </Form>
    </Dialog>
  );
}
