import { useState } from "react";
import { Button } from "react-aria-components";

import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";

/** For who came by a link, and could not come back. Goes until the page is opened again. */
export function PasswordNotice({ onChoose }: { onChoose: () => void }) {
  const { password } = useMessages();
  const [isPostponed, setIsPostponed] = useState(false);
  if (isPostponed) return null;
  return (
    <aside className="notice" aria-label={password.choose}>
      <Icon name="lock" />
      <p>{password.notice}</p>
      <Button className="btn sm" onPress={onChoose}>
        {password.choose}
      </Button>
      <Button className="btn sm quiet" onPress={() => setIsPostponed(true)}>
        {password.later}
      </Button>
    </aside>
  );
}
