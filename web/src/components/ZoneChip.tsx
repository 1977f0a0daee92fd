import type { ReactNode } from "react";

import { Icon } from "../icons/Icon";
import { useMessages } from "../messages/messages";

/** Where the words of a conversation stay; by default this server, which reaches no other. */
export function ZoneChip({ children }: { children?: ReactNode }) {
  const { parts } = useMessages();
  return (
    <span className="chip zone">
      <Icon name="shield" isSmall />
      <span className="ellipsis">{children ?? parts.staysHere}</span>
    </span>
  );
}
