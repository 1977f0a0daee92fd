import { useEffect } from "react";
import { Button } from "react-aria-components";

import type { Erasure } from "../../../api/types";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { wordsFor } from "../../../messages/protection/words";
import { useAnnounce } from "../../../status/StatusRegion";
import { isDone } from "../erasure";
import { useErasure } from "../hooks/useErasures";
import { CheckCommand } from "./CheckCommand";
import { ErasureFacts } from "./ErasureFacts";
import { SaveCertificate } from "./SaveCertificate";

interface ErasingDialogProps {
  ordered: Erasure;
  onClose: () => void;
}

/** What comes of an order: how far it is, then its certificate. */
export function ErasingDialog({ ordered, onClose }: ErasingDialogProps) {
  const texts = useProtectionTexts();
  const { erasure: words } = texts;
  const announce = useAnnounce();
  const { erasure, failure } = useErasure(ordered);
  const isOver = isDone(erasure);
  useEffect(() => {
    announce(isOver ? words.statusDone : words.statusOrdered);
  }, [isOver, announce, words]);
  return (
    <Dialog
      title={isOver ? words.doneTitle : words.underWayTitle}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      footer={
        <>
          <SaveCertificate erasure={erasure} isFirst />
          <Button className="btn quiet" onPress={onClose}>
            {words.close}
          </Button>
        </>
      }
    >
      <p>{isOver ? words.doneText : words.underWayText}</p>
      {failure !== null && <ErrorNote failure={failure} words={wordsFor(failure, texts)} />}
      <ErasureFacts erasure={erasure} />
      {isOver && <CheckCommand erasure={erasure} />}
    </Dialog>
  );
}
