import { Button } from "react-aria-components";

import { ErrorNote } from "../../../components/ErrorNote";
import { Skeleton } from "../../../components/Skeleton";
import { StateBlock } from "../../../components/StateBlock";
import { describeFailure } from "../../../errors/describe";
import { isolate } from "../../../format/bidi";
import { formatTime } from "../../../format/date";
import { formatCount } from "../../../format/quantity";
import { useMessages, useSpeech } from "../../../messages/messages";
import type { ConversationList } from "../hooks/useConversationList";

const SKELETON_ROWS = 8;

/** Codes of rules that refuse: trying again changes nothing. */
const DENIED = /^(?:access\.|auth\.forbidden$|residency\.|http\.403$)/u;

interface ListStateProps {
  list: ConversationList;
  isOffline: boolean;
  onClearSearch: () => void;
  onNew: () => void;
}

/** What stands in place of the list while it has nothing to show. */
export function ListState({ list, isOffline, onClearSearch, onNew }: ListStateProps) {
  const { app, conversations } = useMessages();
  const { filter, failure, isLoading, refresh } = list;
  if (failure !== null && isOffline) {
    return (
      <StateBlock isQuiet headingLevel={3} kind="offline" title={conversations.offlineTitle}>
        <p>{conversations.offline}</p>
      </StateBlock>
    );
  }
  if (failure !== null && DENIED.test(failure.code)) return <Denied list={list} />;
  if (failure !== null) {
    return (
      <ErrorNote failure={failure}>
        <Button className="btn sm" onPress={refresh}>
          {app.retry}
        </Button>
      </ErrorNote>
    );
  }
  if (isLoading || list.total === null) return <Skeleton shape="rows" lines={SKELETON_ROWS} />;
  if (filter.search !== "") {
    const { noneFound, noneFoundArchived } = conversations;
    return (
      <StateBlock isQuiet headingLevel={3} title={conversations.noneFoundTitle}>
        <p>{(filter.isArchived ? noneFoundArchived : noneFound)(isolate(filter.search))}</p>
        <Button className="btn sm" onPress={onClearSearch}>
          {conversations.clearSearch}
        </Button>
      </StateBlock>
    );
  }
  if (filter.isArchived) {
    return (
      <StateBlock isQuiet headingLevel={3} title={conversations.emptyArchiveTitle}>
        <p>{conversations.emptyArchive}</p>
      </StateBlock>
    );
  }
  return (
    <StateBlock isQuiet headingLevel={3} title={conversations.emptyTitle}>
      <p>{conversations.empty}</p>
      <Button className="btn sm" onPress={onNew}>
        {conversations.emptyAction}
      </Button>
    </StateBlock>
  );
}

/** Which rule refuses the list, and what to do about it: in the server's own words. */
function Denied({ list }: Pick<ListStateProps, "list">) {
  const messages = useMessages();
  if (list.failure === null) return null;
  const { what, action, code } = describeFailure(list.failure, messages);
  return (
    <StateBlock isQuiet headingLevel={3} kind="denied" title={messages.conversations.deniedTitle}>
      <p>{what}</p>
      <p>
        {action} <span className="code">({code})</span>
      </p>
    </StateBlock>
  );
}

/** Over a list that could not be brought up to date: of when it is. */
export function StaleNote({ list }: Pick<ListStateProps, "list">) {
  const { locale, messages } = useSpeech();
  const { conversations } = messages;
  const { failure, fetchedAt, refresh } = list;
  if (failure === null || fetchedAt === null) return null;
  return (
    <p className="list-note">
      <span>{conversations.stale(formatTime(new Date(fetchedAt), locale))}</span>
      <Button className="btn sm" onPress={refresh}>
        {conversations.refresh}
      </Button>
    </p>
  );
}

/** Under a list of which a part did not arrive. */
export function PartialNote({ list }: Pick<ListStateProps, "list">) {
  const { locale, messages } = useSpeech();
  const { app, conversations } = messages;
  const { cards, total, failureOfMore, loadMore } = list;
  if (failureOfMore === null || total === null) return null;
  const shown = formatCount(cards.length, locale).text;
  return (
    <p className="list-note">
      <span>
        {conversations.partial(shown, formatCount(total, locale).text)} {conversations.partialWhy}
      </span>
      <Button className="btn sm" onPress={loadMore}>
        {app.retry}
      </Button>
    </p>
  );
}
