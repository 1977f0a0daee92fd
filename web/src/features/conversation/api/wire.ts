/** The wire of conversations, under the names that the page uses. */
import type { components } from "../../../api/schema";

type Schemas = components["schemas"];

export type EntryState = Schemas["EntryState"];
/** What the page reads of a conversation; the list has more. */
export type WireConversation = Pick<Schemas["Conversation"], "id" | "name" | "head" | "model">;
/** A piece of a question: its text, or a text file. */
export type WireChunk = Schemas["InputChunk"];
type InputMembers = "id" | "parent_id" | "content";
export type WireInput = Pick<Schemas["InputEntry"], InputMembers> & { type: "message.input" };
type OutputMembers =
  "id" | "parent_id" | "model" | "content" | "state" | "usage" | "error_code" | "request_id";
export type WireOutput = Pick<Schemas["OutputEntry"], OutputMembers> & { type: "message.output" };
export type WireEntry = WireInput | WireOutput;
export type WireHistory = { entries: WireEntry[]; head: string | null };
export type StartBody = Omit<Schemas["StartConversation"], "inputs"> & { inputs: WireInputs };
export type AppendBody = Omit<Schemas["AppendConversation"], "inputs"> & { inputs: WireInputs };
/** A question on its way: its text, or its text with files. */
export type WireInputs = string | { role: "user"; content: WireChunk[] }[];
export type WireDraft = Schemas["PutDraft"];
export type WireStoredDraft = Schemas["Draft"];
export type WireTurnEvent = Schemas["ConversationEvent"];
