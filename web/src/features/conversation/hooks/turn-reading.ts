import { RequestError, pageFailure } from "../../../errors/failure";
import type { TurnEnd, TurnEvent } from "../api/turn-events";
import { freshPart } from "../bytes";
import { TextBatch } from "./text-batch";

export type TurnStart = Extract<TurnEvent, { kind: "started" }>;

/** The answer whose text arrives. */
export interface Reading {
  /** Empty until the answer has begun. */
  entryId: string;
  /** Bytes of its text that have arrived, shown or about to be. */
  received: number;
}

/** How a stream of events ended: with the answer, in the middle of it, or with another one. */
export type Round = "ended" | "broken" | "other";

/** What is done with the events. */
export interface TurnListener {
  onStarted: (event: TurnStart) => void;
  /** Something has arrived. */
  onAlive: () => void;
  /** Text is handed over at most once a frame. */
  onText: (text: string) => void;
  onEnded: (event: TurnEnd) => void;
}

/** Reads events until the answer ends, or they do; `reading` says afterwards how far it got. */
export async function readTurn(
  reading: Reading,
  events: AsyncIterable<TurnEvent>,
  { onStarted, onAlive, onText, onEnded }: TurnListener,
): Promise<Round> {
  const batch = new TextBatch(onText);
  try {
    for await (const event of events) {
      if (event.kind === "started" && reading.entryId === "") {
        reading.entryId = event.entryId;
        onStarted(event);
      } else if (event.kind === "ended" && reading.entryId === "") {
        throw new RequestError(event.failure ?? pageFailure("page.interrupted"));
      }
      if (event.entryId !== reading.entryId) return "other";
      onAlive();
      if (event.kind === "text") {
        const fresh = freshPart(reading.received, event.text, event.end);
        if (fresh.kind === "gap") return "broken";
        reading.received = fresh.bytes;
        batch.add(fresh.text);
      } else if (event.kind === "ended") {
        batch.flush();
        onEnded(event);
        return "ended";
      }
    }
    return "broken";
  } finally {
    batch.flush();
  }
}
