import type { ReactNode } from "react";
import { Button } from "react-aria-components";

import { Icon, type IconName } from "../icons/Icon";
import { useMessages } from "../messages/messages";

export type Tone = "plain" | "ok" | "warn" | "bad";

/**
 * The line under an answer. Its order never changes: citations, gaps, place, energy, emissions,
 * tokens, receipt; what an answer does not have is left out.
 */
export function Provenance({ children }: { children: ReactNode }) {
  const { provenance } = useMessages();
  return (
    <div className="prov" role="group" aria-label={provenance.label}>
      {children}
    </div>
  );
}

/** The last item, with the button that explains the line: neither stands on a line alone. */
export function ProvenanceEnd({ children }: { children: ReactNode }) {
  return <span className="end">{children}</span>;
}

interface ProvenanceItemProps {
  icon?: IconName;
  tone?: Tone;
  /** Opens what stands behind the item. */
  onPress?: () => void;
  children: ReactNode;
}

export function ProvenanceItem({ icon, tone = "plain", onPress, children }: ProvenanceItemProps) {
  const className = `item tone-${tone}`;
  const content = (
    <>
      {icon !== undefined && <Icon name={icon} isSmall />}
      <span>{children}</span>
    </>
  );
  if (onPress === undefined) return <span className={className}>{content}</span>;
  return (
    <Button className={className} onPress={onPress}>
      {content}
    </Button>
  );
}
