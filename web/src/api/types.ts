/** The shapes of the wire under the names that the page uses; `npm run generate` makes them. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Usage = Schemas["Usage"];
/** How a figure was obtained. */
export type Method = Schemas["EvidenceMethod"];
export type Model = Schemas["ModelCard"];
export type ModelList = Schemas["ModelList"];
export type Session = Schemas["Session"];
