import { memo } from "react";
import { Button } from "react-aria-components";

import { isPlainClick } from "../../../app/useRoute";
import { IconButton } from "../../../components/IconButton";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { useFoundStatus } from "../hooks/useFoundStatus";
import { CardList, type CardListProps } from "./CardList";
import { ListState, PartialNote, StaleNote } from "./ListNotes";
import { SearchBox } from "./SearchBox";

export interface NavigationProps extends CardListProps {
  isOffline: boolean;
  onNew: () => void;
  onSearch: (search: string) => void;
  onPalette: () => void;
  onView: (isArchived: boolean) => void;
  /** Given where the navigation lies over the page. */
  onClose?: () => void;
}

/**
 * The column of conversations: begin one, find one, open one. An answer that streams does not
 * render it.
 */
export const Navigation = memo(function Navigation(props: NavigationProps) {
  const { list, isOffline, onNew, onSearch, onPalette, onView, onClose } = props;
  const { app, conversations, parts } = useMessages();
  const { isArchived } = list.filter;
  useFoundStatus(list);
  const isStale = list.isOutdated || (list.failure !== null && list.cards.length > 0);

  return (
    <>
      <div className="brand">
        <Icon name="wind" />
        <bdi>{app.name}</bdi>
        {onClose !== undefined && <IconButton icon="close" name={parts.close} onPress={onClose} />}
      </div>
      <Button className="new" onPress={onNew}>
        <Icon name="plus" />
        {conversations.start}
      </Button>
      <SearchBox search={list.filter.search} onSearch={onSearch} onPalette={onPalette} />
      {isArchived && <h2 className="list-title">{conversations.showArchived}</h2>}
      <div className={isStale ? "list-body stale" : "list-body"}>
        {list.cards.length === 0 ? (
          <div className="list-state">
            <ListState
              list={list}
              isOffline={isOffline}
              onClearSearch={() => onSearch("")}
              onNew={onNew}
            />
          </div>
        ) : (
          <>
            <StaleNote list={list} />
            <CardList {...props} />
            <PartialNote list={list} />
          </>
        )}
      </div>
      <a
        className="view-link"
        href={isArchived ? "/" : "/?view=archived"}
        onClick={(event) => {
          if (!isPlainClick(event)) return;
          event.preventDefault();
          onView(!isArchived);
        }}
      >
        <Icon name={isArchived ? "back" : "archive"} />
        {isArchived ? conversations.showCurrent : conversations.showArchived}
      </a>
    </>
  );
});
