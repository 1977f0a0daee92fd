import { useMessages } from "../messages/messages";

interface SkeletonProps {
  lines?: number;
  /** Text of an answer, rows of a list, or one block. */
  shape?: "text" | "rows" | "block";
}

/** The geometry of what is loading. It shows nothing for the first 200 ms. */
export function Skeleton({ lines = 3, shape = "text" }: SkeletonProps) {
  const { parts } = useMessages();
  return (
    <div className={`skeleton late of-${shape}`}>
      <span className="vh">{parts.loading}</span>
      {Array.from({ length: lines }, (_, at) => (
        <span key={at} className="bone" aria-hidden="true" />
      ))}
    </div>
  );
}
