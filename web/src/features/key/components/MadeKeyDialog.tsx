import { Button } from "react-aria-components";

import type { CreatedKey } from "../../../api/types";
import { Dialog } from "../../../components/Dialog";
import { Secret } from "../../../components/Secret";
import { useDeskTexts } from "../../../messages/desk/texts";

interface MadeKeyDialogProps {
  made: CreatedKey;
  onClose: () => void;
}

/** The whole key, this once. Only the button closes it: anything else would lose the key. */
export function MadeKeyDialog({ made, onClose }: MadeKeyDialogProps) {
  const { keys } = useDeskTexts();
  return (
    <Dialog
      title={keys.madeTitle}
      isOpen
      isAlert
      onOpenChange={() => undefined}
      footer={
        <Button className="btn pri" autoFocus onPress={onClose}>
          {keys.kept}
        </Button>
      }
    >
      <p>{keys.madeText}</p>
      <Secret label={keys.secretLabel} text={made.key} copyName={keys.copy} />
    </Dialog>
  );
}
