import { Button } from "react-aria-components";

import type { Erasure } from "../../../api/types";
import { saveText } from "../../../components/save-text";
import { Icon } from "../../../icons/Icon";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { fileNameOf } from "../erasure";

interface SaveCertificateProps {
  erasure: Erasure;
  /** The one thing to do here. */
  isFirst?: boolean;
}

/** Saves a certificate byte by byte, once there is one. */
export function SaveCertificate({ erasure, isFirst = false }: SaveCertificateProps) {
  const { erasure: words } = useProtectionTexts();
  const { certificate } = erasure;
  if (certificate == null) return <p className="aside">{words.noCertificate}</p>;
  return (
    <Button
      className={isFirst ? "btn pri" : "btn sm"}
      onPress={() => saveText(fileNameOf(erasure), certificate)}
    >
      <Icon name="down" isSmall />
      {words.save}
    </Button>
  );
}
