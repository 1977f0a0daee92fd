import { memo, useEffect, useRef, useState } from "react";
import { Button } from "react-aria-components";

import { ActionMenu } from "../components/ActionMenu";
import { IconButton } from "../components/IconButton";
import { ZoneChip } from "../components/ZoneChip";
import type { Card } from "../features/conversations/card";
import { cardActions } from "../features/conversations/card-actions";
import { ConversationName } from "../features/conversations/components/ConversationName";
import { NameField } from "../features/conversations/components/NameField";
import type { CardCommands } from "../features/conversations/hooks/useCardCommands";
import { nameOrUntitled } from "../features/conversations/name";
import type { AccountTargets } from "../features/session/components/AccountSection";
import { isolate } from "../format/bidi";
import { Icon } from "../icons/Icon";
import { IS_APPLE, keysOfShortcut } from "../keyboard/shortcuts";
import { useMessages } from "../messages/messages";
import { SettingsMenu } from "../preferences/SettingsMenu";

interface TopBarProps {
  /** The conversation on the page; `null` while it is not known, or not begun. */
  card: Card | null;
  /** What names it until the server does. */
  title: string;
  commands: CardCommands;
  onRemove: (card: Card) => void;
  onNew: () => void;
  account: AccountTargets | null;
  /** Given where the navigation is not beside the page. */
  onNavigation?: () => void;
}

/**
 * Over the conversation: its name, and what can be done to it. An answer that streams does not
 * render it.
 */
export const TopBar = memo(function TopBar(props: TopBarProps) {
  const { card, title, commands, onRemove, onNew, account, onNavigation } = props;
  const messages = useMessages();
  const { conversations, keyboard } = messages;
  const [renamingId, setRenamingId] = useState<string | null>(null);
  const name = nameOrUntitled(card?.name ?? title, messages);
  useDocumentTitle(name);

  const titleButton = useRef<HTMLButtonElement>(null);
  const isFocusDue = useRef(false);
  useEffect(() => {
    if (renamingId === null && isFocusDue.current) titleButton.current?.focus();
    isFocusDue.current = false;
  }, [renamingId]);

  const onRename = ({ id }: Card): void => setRenamingId(id);
  const onRenamed = (renamed: string | null): void => {
    // Where a key ended it, the focus is still in the field.
    isFocusDue.current = document.activeElement?.closest(".name-field") != null;
    setRenamingId(null);
    if (card !== null && renamed !== null) commands.rename(card, renamed);
  };

  return (
    <header className="top">
      {onNavigation !== undefined && (
        <IconButton icon="menu" name={conversations.open} onPress={onNavigation} />
      )}
      {card !== null && renamingId === card.id ? (
        <NameField name={card.name ?? ""} onEnd={onRenamed} />
      ) : (
        <h1>
          {card === null ? (
            <ConversationName name={name} />
          ) : (
            <Button ref={titleButton} className="title" aria-describedby="rename-hint" onPress={() => onRename(card)}>
              <ConversationName name={card.name ?? title} />
            </Button>
          )}
        </h1>
      )}
      <span id="rename-hint" hidden>
        {conversations.rename}
      </span>
      <div className="end">
        <ZoneChip />
        {card !== null && (
          <ActionMenu
            name={conversations.actionsOf(isolate(name))}
            isSmall={false}
            items={cardActions(card, commands, { onRename, onRemove }, messages)}
          />
        )}
        {onNavigation !== undefined && (
          <IconButton
            icon="plus"
            name={conversations.start}
            shortcut={keysOfShortcut("newConversation", keyboard.names, IS_APPLE)}
            onPress={onNew}
          />
        )}
        <SettingsMenu account={account} />
      </div>
    </header>
  );
});

/** Before anybody is signed in. */
export function DoorBar() {
  const { app, signIn } = useMessages();
  useDocumentTitle(signIn.title);
  return (
    <header className="top">
      <span className="brand">
        <Icon name="wind" />
        <bdi>{app.name}</bdi>
      </span>
      <div className="end">
        <SettingsMenu account={null} />
      </div>
    </header>
  );
}

function useDocumentTitle(title: string): void {
  const { app } = useMessages();
  const documentTitle = `${isolate(title)} · ${app.name}`;
  useEffect(() => {
    document.title = documentTitle;
  }, [documentTitle]);
}
