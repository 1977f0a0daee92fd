import type { SovereigntyObjective } from "../../../api/types";
import { segmentsOf } from "../assessment";

/**
 * The shares of one objective as a picture. It says nothing that is not written beside it, so it is
 * hidden from who listens. Shares differ in pattern too, not in colour alone.
 */
export function ShareBar({ objective }: { objective: SovereigntyObjective }) {
  return (
    <svg className="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect className="share-missing" x="0" y="0" width="100" height="8" />
      {segmentsOf(objective).map(({ share, start, length }) => (
        <rect key={share} className={`share-${share}`} x={start} y="0" width={length} height="8" />
      ))}
    </svg>
  );
}
