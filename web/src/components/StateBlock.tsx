import type { ReactNode } from "react";

interface StateBlockProps {
  title: string;
  children: ReactNode;
}

/** What stands where a view has nothing else to show: what it is, and one way on. */
export function StateBlock({ title, children }: StateBlockProps) {
  return (
    <section className="state">
      <h2>{title}</h2>
      {children}
    </section>
  );
}
