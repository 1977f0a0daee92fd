import { Button } from "react-aria-components";

import { saveText } from "../../../components/save-text";
import { ErrorNote } from "../../../components/ErrorNote";
import { Skeleton } from "../../../components/Skeleton";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { useReceipt } from "../hooks/useReceipt";
import { fileNameOf } from "../receipt";
import { ReceiptFacts } from "./ReceiptFacts";

/** One receipt: what it says, and its file. */
export function ReceiptView({ requestId }: { requestId: string }) {
  const { receipt: texts } = useMessages();
  const { receipt, failure, retry } = useReceipt(requestId);
  if (failure !== null) {
    return (
      <ErrorNote failure={failure}>
        <div className="acts">
          <Button className="btn sm" onPress={retry}>
            {texts.again}
          </Button>
        </div>
      </ErrorNote>
    );
  }
  if (receipt === null) return <Skeleton shape="text" />;
  return (
    <section className="receipt">
      <ReceiptFacts statement={receipt.statement} />
      <Button className="btn pri" onPress={() => saveText(fileNameOf(receipt), receipt.text)}>
        <Icon name="down" isSmall /> {texts.save}
      </Button>
    </section>
  );
}
