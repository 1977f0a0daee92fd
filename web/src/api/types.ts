/** The shapes of the wire under the names that the page uses; `npm run generate` makes them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

/** A message as the page writes it: a role and plain text. */
export type ChatMessage = { role: Schemas["Role"]; content: string };
export type ChatRequest = Schemas["ChatRequest"];
export type ChatChunk = Schemas["ChatCompletionChunk"];
export type ErrorBody = Schemas["ErrorBody"];
/** Why a model ended its answer. */
export type AnswerEnd = Exclude<Schemas["FinishReason"], "error">;
export type Usage = Schemas["Usage"];
/** How a figure was obtained. */
export type Method = Schemas["EvidenceMethod"];
export type Model = Schemas["ModelCard"];
export type ModelList = Schemas["ModelList"];
export type Session = Schemas["Session"];
