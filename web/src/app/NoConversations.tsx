import { StateBlock } from "../components/StateBlock";
import { useMessages } from "../messages/messages";

/** For a role that asks nothing, e.g. who reads the log. */
export function NoConversations() {
  const { account } = useMessages();
  return (
    <div className="centre">
      <StateBlock title={account.noConversationsTitle} kind="denied">
        <p>{account.noConversations}</p>
      </StateBlock>
    </div>
  );
}
