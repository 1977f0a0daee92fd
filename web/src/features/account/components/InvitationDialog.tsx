import { useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";

import type { Account, Invitation } from "../../../api/types";
import { Commands } from "../../../components/Commands";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { Secret } from "../../../components/Secret";
import { Skeleton } from "../../../components/Skeleton";
import { failureOf, type Failure } from "../../../errors/failure";
import { isolate } from "../../../format/bidi";
import { formatCount } from "../../../format/quantity";
import { useDeskTexts } from "../../../messages/desk/texts";
import { useSpeech } from "../../../messages/messages";
import { invitationLink } from "../invitation";

const MINUTE_SECONDS = 60;

interface InvitationDialogProps {
  account: Account;
  invite: (id: string) => Promise<Invitation>;
  onClose: () => void;
}

/** How somebody comes in for the first time: a person by a link, a program by a key. */
export function InvitationDialog({ account, invite, onClose }: InvitationDialogProps) {
  const { people } = useDeskTexts();
  const isPerson = account.kind === "person";
  const name = isolate(account.name);
  return (
    <Dialog
      title={isPerson ? people.invitationTitle(name) : people.madeTitle}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      footer={
        <Button className="btn pri" onPress={onClose}>
          {people.done}
        </Button>
      }
    >
      {isPerson ? (
        <Link account={account} invite={invite} />
      ) : (
        <>
          <p>{people.programText(name)}</p>
          <p>
            <Commands text={people.programCommand} />
          </p>
        </>
      )}
    </Dialog>
  );
}

function Link({ account, invite }: Pick<InvitationDialogProps, "account" | "invite">) {
  const { locale } = useSpeech();
  const { people } = useDeskTexts();
  const [made, setMade] = useState<Invitation | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const isAsked = useRef(false);
  useEffect(() => {
    // Each request makes another link: one is enough, however often the page draws.
    if (isAsked.current) return;
    isAsked.current = true;
    invite(account.id).then(setMade, (thrown: unknown) => setFailure(failureOf(thrown)));
  }, [account.id, invite]);

  if (failure !== null) return <ErrorNote failure={failure} />;
  if (made === null) return <Skeleton lines={2} />;
  const minutes = Math.floor(made.valid_seconds / MINUTE_SECONDS);
  return (
    <>
      <p>{people.invitationText(minutes, formatCount(minutes, locale).text)}</p>
      <Secret
        label={people.invitationLabel}
        text={invitationLink(window.location.origin, made.token)}
        copyName={people.copyInvitation}
      />
      <p className="aside">{people.invitationOnce}</p>
    </>
  );
}
