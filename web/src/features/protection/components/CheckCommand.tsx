import type { Erasure } from "../../../api/types";
import { CopyButton } from "../../../components/CopyButton";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { checkCommand } from "../erasure";

/** How anybody checks a certificate; of any of them where none is given. */
export function CheckCommand({ erasure }: { erasure: Erasure | null }) {
  const { erasure: words } = useProtectionTexts();
  const command = checkCommand(erasure);
  return (
    <section className="check-command" aria-labelledby="check-command-title">
      <h3 id="check-command-title">{words.check}</h3>
      <p>{words.checkText}</p>
      <div className="with-button">
        <code dir="ltr" translate="no">
          {command}
        </code>
        <CopyButton text={command} name={words.copyCommand} />
      </div>
    </section>
  );
}
