import { useMemo } from "react";

import { useToast } from "../../../components/Toast";
import { describeFailure } from "../../../errors/describe";
import type { Failure } from "../../../errors/failure";
import { isolate } from "../../../format/bidi";
import { useMessages } from "../../../messages/messages";
import { useAnnounce } from "../../../status/StatusRegion";
import type { Card, CardChange } from "../card";
import { nameOrUntitled, shownName } from "../name";
import type { ConversationList } from "./useConversationList";

/** The longest name that the server takes, in characters. */
export const NAME_LENGTH_MAX = 200;

export interface CardCommands {
  rename: (card: Card, name: string) => void;
  pin: (card: Card, isPinned: boolean) => void;
  archive: (card: Card, isArchived: boolean) => void;
  /** Erases at once: asking first is the caller's. */
  remove: (card: Card) => Promise<Failure | null>;
}

/** What can be done to a conversation: shown at once, said to all, taken back if it fails. */
export function useCardCommands({
  change,
  remove,
}: Pick<ConversationList, "change" | "remove">): CardCommands {
  const messages = useMessages();
  const announce = useAnnounce();
  const toast = useToast();

  return useMemo(() => {
    const { conversations } = messages;
    const nameOf = ({ name }: Card): string => isolate(nameOrUntitled(name, messages));

    const apply = async (card: Card, wanted: CardChange): Promise<boolean> => {
      const failure = await change(card.id, wanted);
      if (failure === null) return true;
      const { what, action, code } = describeFailure(failure, messages);
      toast({ text: `${conversations.notChanged} ${what} ${action} (${code})` });
      return false;
    };

    const archive = (card: Card, archived: boolean): void => {
      const { statusArchived, statusRestored, undo } = conversations;
      const text = (archived ? statusArchived : statusRestored)(nameOf(card));
      toast({ text, action: { label: undo, onPress: () => void apply(card, { archived: !archived }) } });
      void apply(card, { archived });
    };

    return {
      rename: (card, name) => {
        const cleaned = shownName(name).text.slice(0, NAME_LENGTH_MAX);
        if (cleaned === "" || cleaned === card.name) return;
        announce(conversations.statusRenamed(isolate(cleaned)));
        void apply(card, { name: cleaned });
      },
      pin: (card, pinned) => {
        const { statusPinned, statusUnpinned } = conversations;
        announce((pinned ? statusPinned : statusUnpinned)(nameOf(card)));
        void apply(card, { pinned });
      },
      archive,
      remove: async (card) => {
        const failure = await remove(card.id);
        if (failure === null) announce(conversations.statusDeleted(nameOf(card)));
        return failure;
      },
    };
  }, [messages, announce, toast, change, remove]);
}
