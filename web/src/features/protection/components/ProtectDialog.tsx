import type { Account } from "../../../api/types";
import { useHolds } from "../hooks/useHolds";
import "../../../styles/protection.css";
import { EraseDialog } from "./EraseDialog";
import { HoldDialog } from "./HoldDialog";

export interface ProtectDialogProps {
  deed: "hold" | "erase";
  account: Account;
  onClose: () => void;
}

/** Holds or erases one account, from a list of accounts. */
export function ProtectDialog({ deed, account, onClose }: ProtectDialogProps) {
  const { holds, place } = useHolds();
  if (deed === "hold") {
    return <HoldDialog account={account} accounts={[]} place={place} onClose={onClose} />;
  }
  return <EraseDialog account={account} accounts={[]} holds={holds ?? []} onClose={onClose} />;
}
