import { Bidi } from "../../../components/Bidi";
import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import { shownName } from "../name";

/** The name of a conversation, apart from the text around it and without what hides in it. */
export function ConversationName({ name }: { name: string | null }) {
  const { conversations } = useMessages();
  const { text, isChanged } = shownName(name ?? "");
  return (
    <>
      <Bidi className="ellipsis">{text === "" ? conversations.untitled : text}</Bidi>
      {isChanged && (
        <span className="flag" title={conversations.nameChanged}>
          <Icon name="alert" isSmall />
          <span className="vh">{conversations.nameChanged}</span>
        </span>
      )}
    </>
  );
}
