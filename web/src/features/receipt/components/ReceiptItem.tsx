import { Suspense, useState, type ComponentType } from "react";

import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { ProvenanceItem } from "../../../components/Provenance";
import { retryable } from "../../../components/retryable";
import { Skeleton } from "../../../components/Skeleton";
import { pageFailure } from "../../../errors/failure";
import { useMessages } from "../../../messages/messages";

interface ReceiptViewProps {
  requestId: string;
}

// A file of its own: the first answer is there before anybody asks for its receipt.
const takeReceiptView = retryable<ReceiptViewProps>(
  () => import("./ReceiptView").then(({ ReceiptView }) => ReceiptView),
  ReceiptUnreachable,
);

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
        <Receipts requestIds={requestIds} />
        <div className="how-to-check">
          <h3>{receipt.check}</h3>
          <p>{receipt.checkHow}</p>
          <code dir="ltr">galerne-verify receipt FILE --key KEY</code>
        </div>
      </Dialog>
    </>
  );
}

/** Each opening takes the view once: a file that did not come is asked for at the next one. */
function Receipts({ requestIds }: { requestIds: readonly string[] }) {
  const [ReceiptView] = useState<ComponentType<ReceiptViewProps>>(takeReceiptView);
  return (
    <Suspense fallback={<Skeleton shape="rows" lines={5} />}>
      {requestIds.map((id) => (
        <ReceiptView key={id} requestId={id} />
      ))}
    </Suspense>
  );
}

function ReceiptUnreachable() {
  return <ErrorNote failure={pageFailure("page.unreachable")} />;
}
