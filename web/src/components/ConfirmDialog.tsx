import type { ReactNode } from "react";
import { Button } from "react-aria-components";

import { Dialog } from "./Dialog";
import { ErrorNote } from "./ErrorNote";
import { useTask } from "./useTask";

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirm: string;
  /** Said on the button while the server does it. */
  confirming: string;
  keep: string;
  act: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something that is not undone by itself, and stays until the server has done it. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirm, confirming, keep, act, onClose } = props;
  const { isRunning, failure, run } = useTask();
  const go = async (): Promise<void> => {
    if (await run(act)) onClose();
  };
  return (
    <Dialog
      title={title}
      isOpen
      isAlert
      onOpenChange={(isOpen) => {
        if (!isOpen && !isRunning) onClose();
      }}
      footer={
        <>
          <Button className="btn bad" onPress={() => void go()}>
            {isRunning ? confirming : confirm}
          </Button>
          <Button className="btn quiet" autoFocus isDisabled={isRunning} onPress={onClose}>
            {keep}
          </Button>
        </>
      }
    >
      {children}
      {failure !== null && <ErrorNote failure={failure} />}
    </Dialog>
  );
}
