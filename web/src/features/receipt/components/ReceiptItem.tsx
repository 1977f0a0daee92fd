import { useState } from "react";

import { Dialog } from "../../../components/Dialog";
import { ProvenanceItem } from "../../../components/Provenance";
import { useMessages } from "../../../messages/messages";
import { ReceiptView } from "./ReceiptView";

/** Opens the receipt of an answer; an answer that was continued has one for each part. */
export function ReceiptItem({ requestIds }: { requestIds: readonly string[] }) {
  const { receipt } = useMessages();
  const [isOpen, setIsOpen] = useState(false);
  if (requestIds.length === 0) return null;
  return (
    <>
      <ProvenanceItem icon="shield" onPress={() => setIsOpen(true)}>
        {receipt.open}
      </ProvenanceItem>
      <Dialog title={receipt.title} isOpen={isOpen} onOpenChange={setIsOpen} size="large">
        <p>{receipt.lead}</p>
        {requestIds.map((id) => (
          <ReceiptView key={id} requestId={id} />
        ))}
        <div className="how-to-check">
          <h3>{receipt.check}</h3>
          <p>{receipt.checkHow}</p>
          <code dir="ltr">galerne-verify receipt FILE --key KEY</code>
        </div>
      </Dialog>
    </>
  );
}
