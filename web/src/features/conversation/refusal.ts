import type { LoadedConversation, TurnRequest } from "./api/conversations";
import type { WireEntry, WireOutput } from "./api/wire";
import type { AcceptedIds } from "./conversation";
import type { Tree } from "./tree";

/**
 * The names under which the server keeps a question whose answer it refused with `code`; `null`
 * where it kept nothing. Of several, as after a second attempt, the latest one is meant.
 */
export function keptRefusal(
  { conversation, entries }: LoadedConversation,
  { parentId, question }: TurnRequest,
  { code, tree }: { code: string; tree: Tree },
): AcceptedIds | null {
  const isNew = ({ id }: WireEntry): boolean => !tree.entries.has(id);
  const inputs = entries.filter((entry) => entry.type === "message.input" && isNew(entry));
  const asked = new Set(inputs.filter((entry) => entry.parent_id === parentId).map(({ id }) => id));
  const answersIt = ({ parent_id: parent }: WireOutput): boolean =>
    question === null ? parent === parentId : parent !== null && asked.has(parent);
  const answer = entries.findLast(
    (entry): entry is WireOutput =>
      entry.type === "message.output" &&
      entry.state === "failed" &&
      entry.error_code === code &&
      isNew(entry) &&
      answersIt(entry),
  );
  if (answer === undefined) return null;
  const inputId = question === null ? null : answer.parent_id;
  return { conversationId: conversation.id, inputId, entryId: answer.id };
}
