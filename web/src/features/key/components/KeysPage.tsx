import { useState } from "react";
import { Button } from "react-aria-components";

import type { CreatedKey, Key, Session } from "../../../api/types";
import { ConfirmDialog } from "../../../components/ConfirmDialog";
import { PageState } from "../../../components/PageState";
import { StateBlock } from "../../../components/StateBlock";
import { useToast } from "../../../components/Toast";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useKeys } from "../hooks/useKeys";
import { KEY_PERMISSIONS } from "../key";
import { KeyDialog } from "./KeyDialog";
import { KeyTable } from "./KeyTable";
import { MadeKeyDialog } from "./MadeKeyDialog";

type Open =
  | { kind: "none" }
  | { kind: "make" }
  | { kind: "made"; key: CreatedKey }
  | { kind: "revoke"; key: Key };

export interface KeysPageProps {
  me: Session;
}

/** The API keys of whoever is signed in. */
export function KeysPage({ me }: KeysPageProps) {
  const { keys: texts } = useDeskTexts();
  const control = useKeys();
  const toast = useToast();
  const [open, setOpen] = useState<Open>({ kind: "none" });
  const { keys, failure } = control;
  const onClose = (): void => setOpen({ kind: "none" });
  const makeButton = (
    <Button className="btn pri" onPress={() => setOpen({ kind: "make" })}>
      <Icon name="plus" />
      {texts.make}
    </Button>
  );

  return (
    <div className="desk">
      <div className="desk-head">
        <p>{texts.lead}</p>
        {keys !== null && keys.length > 0 && makeButton}
      </div>
      <PageState
        isLoading={keys === null}
        failure={failure}
        denied={{ title: texts.deniedTitle, text: texts.deniedText }}
        onRetry={control.retry}
      />
      {keys?.length === 0 && (
        <StateBlock title={texts.emptyTitle}>
          <p>{texts.empty}</p>
          {makeButton}
        </StateBlock>
      )}
      {keys !== null && keys.length > 0 && (
        <KeyTable keys={keys} onRevoke={(key) => setOpen({ kind: "revoke", key })} />
      )}
      {open.kind === "make" && (
        <KeyDialog
          allowed={KEY_PERMISSIONS.filter((one) => me.account.permissions.includes(one))}
          create={control.create}
          onMade={(key) => setOpen({ kind: "made", key })}
          onClose={onClose}
        />
      )}
      {open.kind === "made" && <MadeKeyDialog made={open.key} onClose={onClose} />}
      {open.kind === "revoke" && (
        <ConfirmDialog
          title={texts.revokeTitle}
          confirm={texts.revokeConfirm}
          confirming={texts.revoking}
          keep={texts.keep}
          act={async () => {
            await control.revoke(open.key.id);
            toast({ text: texts.statusRevoked(isolate(open.key.name)) });
          }}
          onClose={onClose}
        >
          <p>{texts.revokeText(isolate(open.key.name))}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
