import { useMemo, useState } from "react";

import type { Card } from "../features/conversations/card";
import { nameOrUntitled } from "../features/conversations/name";
import { isolate } from "../format/bidi";
import { useMessages } from "../messages/messages";
import { useAnnounce } from "../status/StatusRegion";
import { doorsFor, type DeskDoor } from "./desks";
import type { DeskName } from "./route";
import type { RouteControl } from "./useRoute";

/** Ways from here to another conversation. */
export function useSteps({ go }: RouteControl, close: () => void, beginAnew: () => void) {
  const messages = useMessages();
  const announce = useAnnounce();
  const [focusKey, setFocusKey] = useState(0);
  const steps = useMemo(() => {
    const takeFocus = (): void => setFocusKey((key) => key + 1);
    const openCard = ({ id, name }: Card): void => {
      go({ page: "conversation", id });
      announce(isolate(nameOrUntitled(name, messages)));
    };
    return {
      takeFocus,
      /** The focus stays in the list, which may be walked on. */
      openCard,
      openCardAndWrite: (card: Card): void => {
        close();
        openCard(card);
        takeFocus();
      },
      startAnew: (): void => {
        close();
        beginAnew();
        go({ page: "new" });
        takeFocus();
        announce(messages.status.cleared);
      },
    };
  }, [go, close, announce, messages, beginAnew]);
  return { ...steps, focusKey };
}

/** The pages beside the conversations, for who may open them. */
export function useDesks(
  permissions: readonly string[] | undefined,
  { go }: RouteControl,
  close: () => void,
): readonly DeskDoor[] {
  const { account } = useMessages();
  const announce = useAnnounce();
  return useMemo(() => {
    const open = (page: DeskName): void => {
      close();
      go({ page });
      announce(account[page]);
    };
    return doorsFor(permissions ?? [], open);
  }, [permissions, go, close, announce, account]);
}
