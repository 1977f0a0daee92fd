import { Icon } from "../icons/Icon";

export type StreamKind = "running" | "queued" | "lost";

/**
 * The phase of an answer that is being made. Not a live region: `useAnnounce` tells the start and
 * the end, once.
 */
export function StreamStatus({ text, kind = "running" }: { text: string; kind?: StreamKind }) {
  return (
    <p className={`stream ${kind}`}>
      {kind === "running" && <span className="pulse" aria-hidden="true" />}
      {kind === "queued" && <Icon name="clock" isSmall />}
      {kind === "lost" && <Icon name="alert" isSmall />}
      <span>{text}</span>
    </p>
  );
}
