import { useEffect } from "react";
import { Button } from "react-aria-components";

import { Icon } from "../icons/Icon";
import { useMessages } from "../messages/messages";
import { SettingsMenu } from "../preferences/SettingsMenu";

interface TopBarProps {
  /** The first question, which names the conversation. */
  question: string | null;
  isConversing: boolean;
  onNew: () => void;
  onSignOut: (() => void) | null;
}

export function TopBar({ question, isConversing, onNew, onSignOut }: TopBarProps) {
  const { app, conversation, signIn } = useMessages();
  const title = question ?? (isConversing ? conversation.newTitle : signIn.title);
  const documentTitle = `${title} · ${app.name}`;
  useEffect(() => {
    document.title = documentTitle;
  }, [documentTitle]);
  return (
    <header className="top">
      <span className="brand">
        <Icon name="wind" />
        <bdi>{app.name}</bdi>
      </span>
      {isConversing && (
        <h1 dir="auto" className={question === null ? "vh" : undefined}>
          {title}
        </h1>
      )}
      <div className="end">
        {isConversing && (
          <Button className="btn new" aria-label={conversation.start} onPress={onNew}>
            <Icon name="plus" />
            <span>{conversation.start}</span>
          </Button>
        )}
        <SettingsMenu onSignOut={onSignOut} />
      </div>
    </header>
  );
}
