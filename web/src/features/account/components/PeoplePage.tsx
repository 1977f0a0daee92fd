import { Suspense, useState, type ComponentType } from "react";
import { Button } from "react-aria-components";

import type { Account, Session } from "../../../api/types";
import { ConfirmDialog } from "../../../components/ConfirmDialog";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { PageState } from "../../../components/PageState";
import { retryable } from "../../../components/retryable";
import { useToast } from "../../../components/Toast";
import { describeFailure } from "../../../errors/describe";
import { failureOf, pageFailure } from "../../../errors/failure";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useMessages } from "../../../messages/messages";
import type { ProtectDialogProps } from "../../protection/components/ProtectDialog";
import { useAccounts, type AccountsControl } from "../hooks/useAccounts";
import { roleName, rolesAppointedBy, type Role } from "../role";
import { AccountDialog } from "./AccountDialog";
import { AccountTable, type AccountDeed } from "./AccountTable";
import { InvitationDialog } from "./InvitationDialog";
import { RoleDialog } from "./RoleDialog";

type Open =
  | { kind: "none" }
  | { kind: "make" }
  | { kind: Exclude<AccountDeed, "enable">; account: Account };

export interface PeoplePageProps {
  me: Session;
}

/** The accounts of the organisation, for who keeps them. */
export function PeoplePage({ me }: PeoplePageProps) {
  const messages = useMessages();
  const { people } = useDeskTexts();
  const control = useAccounts();
  const toast = useToast();
  const [open, setOpen] = useState<Open>({ kind: "none" });
  const { accounts, failure } = control;
  const roles = rolesAppointedBy(me.account.role);

  const enable = async ({ id, name }: Account): Promise<void> => {
    try {
      await control.change(id, { disabled: false });
      toast({ text: people.statusEnabled(isolate(name)) });
    } catch (thrown) {
      const { what, action, code } = describeFailure(failureOf(thrown), messages);
      toast({ text: `${what} ${action} (${code})` });
    }
  };
  const onDeed = (deed: AccountDeed, account: Account): void => {
    if (deed === "enable") void enable(account);
    else setOpen({ kind: deed, account });
  };

  return (
    <div className="desk">
      <div className="desk-head">
        <p>{people.lead}</p>
        {accounts !== null && (
          <Button className="btn pri" onPress={() => setOpen({ kind: "make" })}>
            <Icon name="plus" />
            {people.make}
          </Button>
        )}
      </div>
      <PageState
        isLoading={accounts === null}
        failure={failure}
        denied={{ title: people.deniedTitle, text: people.deniedText }}
        onRetry={control.retry}
      />
      {accounts !== null && (
        <AccountTable
          accounts={accounts}
          myId={me.account.id}
          roles={roles}
          mayProtect={me.account.permissions.includes("data_protection")}
          onDeed={onDeed}
        />
      )}
      {accounts?.length === 1 && <p className="aside">{people.onlyYou}</p>}
      <OpenDialog open={open} setOpen={setOpen} control={control} roles={roles} />
    </div>
  );
}

interface OpenDialogProps {
  open: Open;
  setOpen: (open: Open) => void;
  control: AccountsControl;
  roles: readonly Role[];
}

function OpenDialog({ open, setOpen, control, roles }: OpenDialogProps) {
  const messages = useMessages();
  const { people } = useDeskTexts();
  const toast = useToast();
  const onClose = (): void => setOpen({ kind: "none" });
  switch (open.kind) {
    case "none":
      return null;
    case "make":
      return (
        <AccountDialog
          roles={roles}
          create={control.create}
          onMade={(account) => setOpen({ kind: "invite", account })}
          onClose={onClose}
        />
      );
    case "invite":
      return <InvitationDialog account={open.account} invite={control.invite} onClose={onClose} />;
    case "role":
      return (
        <RoleDialog
          account={open.account}
          roles={roles}
          give={async (role) => {
            const { name } = await control.change(open.account.id, { role });
            toast({ text: people.statusRole(isolate(name), roleName(role, messages)) });
          }}
          onClose={onClose}
        />
      );
    case "hold":
    case "erase":
      return <OpenProtection deed={open.kind} account={open.account} onClose={onClose} />;
    case "disable":
      return (
        <ConfirmDialog
          title={people.disableTitle}
          confirm={people.disableConfirm}
          confirming={people.changing}
          keep={people.keep}
          act={async () => {
            const { name } = await control.change(open.account.id, { disabled: true });
            toast({ text: people.statusDisabled(isolate(name)) });
          }}
          onClose={onClose}
        >
          <p>{people.disableText(isolate(open.account.name))}</p>
        </ConfirmDialog>
      );
  }
}

// A file of its own: it is rare, and comes with its own texts.
const takeProtectDialog = retryable<ProtectDialogProps>(
  () =>
    import("../../protection/components/ProtectDialog").then(({ ProtectDialog }) => ProtectDialog),
  Unreachable,
);

function OpenProtection(props: ProtectDialogProps) {
  const [ProtectDialog] = useState<ComponentType<ProtectDialogProps>>(takeProtectDialog);
  return (
    <Suspense fallback={null}>
      <ProtectDialog {...props} />
    </Suspense>
  );
}

function Unreachable({ account, onClose }: ProtectDialogProps) {
  return (
    <Dialog title={isolate(account.name)} isOpen onOpenChange={onClose}>
      <ErrorNote failure={pageFailure("page.unreachable")} />
    </Dialog>
  );
}
