import type { ReactNode } from "react";
import { Button } from "react-aria-components";

import type { Failure } from "../errors/failure";
import { Dialog } from "./Dialog";
import { ErrorNote, type Words } from "./ErrorNote";
import { useTask } from "./useTask";

interface ConfirmDialogProps {
  title: string;
  children: ReactNode;
  confirm: string;
  /** Said on the button while the server does it. */
  confirming: string;
  keep: string;
  act: () => Promise<void>;
  /** Words of the page around it for a failure, where it has some. */
  wordsFor?: (failure: Failure) => Words | null;
  onClose: () => void;
}

/** Asks before something that is not undone by itself, and stays until the server has done it. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirm, confirming, keep, act, wordsFor, onClose } = props;
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
      {failure !== null && <ErrorNote failure={failure} words={wordsFor?.(failure) ?? null} />}
    </Dialog>
  );
}
