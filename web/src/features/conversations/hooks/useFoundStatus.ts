import { useEffect } from "react";

import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { useAnnounce } from "../../../status/StatusRegion";
import type { ConversationList } from "./useConversationList";

/** A screen reader says the count once the typing rests, not after each letter. */
const REST_MS = 500;

/** Tells the status region how many conversations a search has found. */
export function useFoundStatus({ filter, total, isOutdated, isLoading }: ConversationList): void {
  const { locale, messages } = useSpeech();
  const announce = useAnnounce();
  const { found } = messages.conversations;
  const { search } = filter;
  const isSettled = search !== "" && total !== null && !isOutdated && !isLoading;
  useEffect(() => {
    if (!isSettled || total === null) return undefined;
    const say = (): void => announce(found(total, formatCount(total, locale).text));
    const timer = window.setTimeout(say, REST_MS);
    return () => window.clearTimeout(timer);
    // A search that finds as many as the one before is told too.
  }, [search, total, isSettled, announce, found, locale]);
}
