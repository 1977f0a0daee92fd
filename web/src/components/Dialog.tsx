import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";

import { useMessages } from "../messages/messages";
import { IconButton } from "./IconButton";

export interface DialogProps {
  title: string;
  isOpen: boolean;
  onOpenChange: (isOpen: boolean) => void;
  children: ReactNode;
  /** The buttons, the one that goes on first. */
  footer?: ReactNode;
  size?: "small" | "large";
  /** Asks before something that cannot be taken back: a click beside it does not close it. */
  isAlert?: boolean;
}

/** A window over the page; on a narrow screen a sheet from below. */
export function Dialog(props: DialogProps) {
  const { title, isOpen, onOpenChange, children, footer, size = "small", isAlert = false } = props;
  const { parts } = useMessages();
  return (
    <ModalOverlay
      className="scrim"
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      isDismissable={!isAlert}
    >
      <Modal className={`modal ${size}`}>
        <AriaDialog role={isAlert ? "alertdialog" : "dialog"} className="dialog">
          <header className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {!isAlert && (
              <IconButton
                icon="close"
                name={parts.close}
                isSmall
                onPress={() => onOpenChange(false)}
              />
            )}
          </header>
          <div className="dialog-body">{children}</div>
          {footer !== undefined && <footer className="dialog-foot">{footer}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
