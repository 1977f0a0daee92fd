import { useState, type FormEvent } from "react";
import { Button, Form } from "react-aria-components";

import type { Account } from "../../../api/types";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { useTask } from "../../../components/useTask";
import { isolate } from "../../../format/bidi";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useMessages } from "../../../messages/messages";
import type { Role } from "../role";
import { RoleChoice } from "./RoleChoice";

interface RoleDialogProps {
  account: Account;
  roles: readonly Role[];
  /** Gives the role. */
  give: (role: string) => Promise<void>;
  onClose: () => void;
}

/** Gives an account another role. */
export function RoleDialog({ account, roles, give, onClose }: RoleDialogProps) {
  const { parts } = useMessages();
  const { people } = useDeskTexts();
  const [role, setRole] = useState(account.role);
  const { isRunning, failure, run } = useTask();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (role === account.role || (await run(() => give(role)))) onClose();
  };
  return (
    <Dialog
      title={people.roleTitle(isolate(account.name))}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen && !isRunning) onClose();
      }}
      footer={
        <>
          <Button className="btn pri" type="submit" form="role-form">
            {isRunning ? people.changing : people.roleSave}
          </Button>
          <Button className="btn quiet" isDisabled={isRunning} onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      {failure !== null && <ErrorNote failure={failure} />}
      <Form id="role-form" className="fields" onSubmit={(event) => void submit(event)}>
        <RoleChoice roles={roles} value={role} onChange={setRole} hasFocus />
      </Form>
    </Dialog>
  );
}
