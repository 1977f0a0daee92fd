import { useState, type MouseEvent } from "react";
import { Button } from "react-aria-components";

import { Bidi } from "../../../components/Bidi";
import { Dialog } from "../../../components/Dialog";
import { useMessages } from "../../../messages/messages";

const MIDDLE_BUTTON = 1;

/** Links of answers ask before they lead away: handlers for what holds them, and the question. */
export function useLinkGuard() {
  const [address, setAddress] = useState<string | null>(null);
  const guard = (event: MouseEvent): void => {
    const { target } = event;
    const link = target instanceof Element ? target.closest<HTMLAnchorElement>("a[href]") : null;
    if (link === null || link.closest(".block") === null) return;
    // The menu of a link belongs to the browser.
    if (event.type === "auxclick" && event.button !== MIDDLE_BUTTON) return;
    event.preventDefault();
    setAddress(link.href);
  };
  return {
    handlers: { onClick: guard, onAuxClick: guard },
    dialog: <LinkDialog address={address} onClose={() => setAddress(null)} />,
  };
}

/** Shows where a link leads, in full, before it does. */
function LinkDialog({ address, onClose }: { address: string | null; onClose: () => void }) {
  const { link, parts } = useMessages();
  return (
    <Dialog
      title={link.title}
      isOpen={address !== null}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      footer={
        <>
          <a
            className="btn pri"
            href={address ?? ""}
            target="_blank"
            rel="noopener noreferrer"
            onClick={onClose}
          >
            {link.open}
          </a>
          <Button className="btn quiet" onPress={onClose}>
            {parts.cancel}
          </Button>
        </>
      }
    >
      <p>{link.lead}</p>
      <p className="address">
        <Bidi direction="ltr">{address ?? ""}</Bidi>
      </p>
    </Dialog>
  );
}
