import type { Account } from "../../../api/types";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { AccountBox } from "../../account/components/AccountBox";

interface SubjectBoxProps {
  accounts: readonly Account[];
  chosen: string | null;
  onChoose: (id: string | null) => void;
  isMissing: boolean;
}

/** The account that a hold or an erasure concerns. */
export function SubjectBox(props: SubjectBoxProps) {
  const { opening, protection } = useProtectionTexts();
  const texts = {
    label: protection.person,
    hint: opening.whoseHint,
    none: opening.whoseNone,
    show: opening.showAccounts,
    missing: opening.whoseEmpty,
  };
  return <AccountBox {...props} texts={texts} />;
}
