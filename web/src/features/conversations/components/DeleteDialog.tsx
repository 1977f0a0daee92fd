import { useState } from "react";
import { Button } from "react-aria-components";

import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import type { Failure } from "../../../errors/failure";
import { isolate } from "../../../format/bidi";
import { useMessages } from "../../../messages/messages";
import type { Card } from "../card";
import { nameOrUntitled } from "../name";

interface DeleteDialogProps {
  card: Card;
  remove: (card: Card) => Promise<Failure | null>;
  /** `isDeleted` says whether the conversation is gone. */
  onEnd: (isDeleted: boolean) => void;
}

/** Asks before a conversation is erased, and stays until the server has done it. */
export function DeleteDialog({ card, remove, onEnd }: DeleteDialogProps) {
  const messages = useMessages();
  const { conversations } = messages;
  const [isDeleting, setIsDeleting] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const name = isolate(nameOrUntitled(card.name, messages));

  const confirm = async (): Promise<void> => {
    if (isDeleting) return;
    setIsDeleting(true);
    const found = await remove(card);
    setIsDeleting(false);
    setFailure(found);
    if (found === null) onEnd(true);
  };

  return (
    <Dialog
      title={conversations.deleteTitle}
      isOpen
      isAlert
      onOpenChange={(isOpen) => {
        if (!isOpen && !isDeleting) onEnd(false);
      }}
      footer={
        <>
          <Button className="btn bad" onPress={() => void confirm()}>
            {isDeleting ? conversations.deleting : conversations.deleteConfirm}
          </Button>
          <Button className="btn quiet" autoFocus isDisabled={isDeleting} onPress={() => onEnd(false)}>
            {conversations.deleteKeep}
          </Button>
        </>
      }
    >
      <p>{conversations.deleteText(name)}</p>
      {card.running && <p>{conversations.deleteRunning}</p>}
      {failure !== null && <ErrorNote failure={failure} />}
    </Dialog>
  );
}
