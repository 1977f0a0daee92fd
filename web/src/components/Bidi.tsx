import type { Direction } from "../format/locale";

interface BidiProps {
  children: string;
  className?: string;
  /** Given for ids and for figures such as "3 / 12"; names find their own. */
  direction?: Direction;
}

/** A name, an id or a figure that keeps its own order inside text of the other direction. */
export function Bidi({ children, className, direction }: BidiProps) {
  return (
    <bdi className={className} dir={direction}>
      {children}
    </bdi>
  );
}
