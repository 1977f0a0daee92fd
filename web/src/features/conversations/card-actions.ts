import type { MenuAction } from "../../components/ActionMenu";
import type { Messages } from "../../messages/messages";
import type { Card } from "./card";
import type { CardCommands } from "./hooks/useCardCommands";

/** What asks before it does anything. */
export interface CardQuestions {
  onRename: (card: Card) => void;
  onRemove: (card: Card) => void;
}

/** What the menu of a conversation offers. */
export function cardActions(
  card: Card,
  { pin, archive }: Pick<CardCommands, "pin" | "archive">,
  { onRename, onRemove }: CardQuestions,
  { conversations }: Messages,
): MenuAction[] {
  const { pinned, archived } = card;
  return [
    { id: "rename", icon: "pencil", text: conversations.rename, onAction: () => onRename(card) },
    {
      id: "pin",
      icon: pinned ? "unpin" : "pin",
      text: pinned ? conversations.unpin : conversations.pin,
      onAction: () => pin(card, !pinned),
    },
    {
      id: "archive",
      icon: archived ? "unarchive" : "archive",
      text: archived ? conversations.restore : conversations.archive,
      onAction: () => archive(card, !archived),
    },
    {
      id: "remove",
      icon: "trash",
      text: conversations.remove,
      isDangerous: true,
      onAction: () => onRemove(card),
    },
  ];
}
