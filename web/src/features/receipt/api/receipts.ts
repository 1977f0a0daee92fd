import { send } from "../../../api/client";
import { receiptFrom, type Receipt } from "../receipt";

/** The receipt of the answer to a request. The server waits until its log has signed the entry. */
export async function fetchReceipt(requestId: string, signal: AbortSignal): Promise<Receipt> {
  const response = await send(`/v1/receipts/${encodeURIComponent(requestId)}`, { signal });
  return receiptFrom(await response.text());
}
