import type { ReactNode } from "react";

import { Icon, type IconName } from "../icons/Icon";

export type StateKind = "empty" | "error" | "offline" | "denied" | "partial" | "stale";

const ICONS: Record<Exclude<StateKind, "empty">, IconName> = {
  error: "alert",
  offline: "alert",
  denied: "shield",
  partial: "info",
  stale: "clock",
};

interface StateBlockProps {
  title: string;
  kind?: StateKind;
  /** Inside a list or a card, where the view already has its heading. */
  isQuiet?: boolean;
  headingLevel?: 2 | 3;
  children?: ReactNode;
}

/** What stands where a view has nothing else to show: what it is, and one way on. */
export function StateBlock({
  title,
  kind = "empty",
  isQuiet = false,
  headingLevel = 2,
  children,
}: StateBlockProps) {
  const Title = `h${headingLevel}` as const;
  return (
    <section className={isQuiet ? `state quiet is-${kind}` : `state is-${kind}`}>
      <Title className="state-title">
        {kind !== "empty" && <Icon name={ICONS[kind]} />}
        {title}
      </Title>
      {children}
    </section>
  );
}
