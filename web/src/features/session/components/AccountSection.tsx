import { Button } from "react-aria-components";

import { Bidi } from "../../../components/Bidi";
import { Icon, type IconName } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import type { DeskDoor } from "../../../app/desks";
import { pathOf } from "../../../app/route";
import { isPlainClick } from "../../../app/useRoute";
import type { Session } from "../../../api/types";
import { roleName } from "../../account/role";
import { useProvider } from "../hooks/useProvider";

/** Who is signed in, and where they can go from the menu. */
export interface AccountTargets {
  me: Session;
  /** The pages that they may open. */
  desks: readonly DeskDoor[];
  onPassword: () => void;
  onSignOut: () => void;
}

interface AccountSectionProps extends AccountTargets {
  /** The menu closes before anything opens. */
  onLeave: () => void;
}

/** Name and role of who is signed in, the own password, and the way out. */
export function AccountSection(props: AccountSectionProps) {
  const { me, desks, onPassword, onSignOut, onLeave } = props;
  const messages = useMessages();
  const { account, has_password: hasPassword } = me;
  const { provider, connect } = useProvider();
  const then = (act: () => void) => (): void => {
    onLeave();
    act();
  };
  return (
    <section className="account" aria-label={messages.account.section}>
      <p className="whoami">
        <Icon name="user" />
        <span>
          <Bidi className="name">{account.name}</Bidi>
          <span className="role">{roleName(account.role, messages)}</span>
        </span>
      </p>
      {desks.map(({ page, icon, open }) => (
        <MenuLink key={page} icon={icon} href={pathOf({ page })} onGo={then(open)}>
          {messages.account[page]}
        </MenuLink>
      ))}
      <MenuButton icon="lock" onPress={then(onPassword)}>
        {hasPassword ? messages.password.change : messages.password.choose}
      </MenuButton>
      {provider !== null && (
        <MenuButton icon="shield" onPress={then(connect)}>
          {messages.account.connect(provider)}
        </MenuButton>
      )}
      <MenuButton icon="logOut" onPress={then(onSignOut)}>
        {messages.settings.signOut}
      </MenuButton>
    </section>
  );
}

interface MenuButtonProps {
  icon: IconName;
  onPress: () => void;
  children: string;
}

function MenuButton({ icon, onPress, children }: MenuButtonProps) {
  return (
    <Button className="menu-line" onPress={onPress}>
      <Icon name={icon} />
      {children}
    </Button>
  );
}

interface MenuLinkProps {
  icon: IconName;
  href: string;
  onGo: () => void;
  children: string;
}

/** A link, so that it can be opened in another tab too. */
function MenuLink({ icon, href, onGo, children }: MenuLinkProps) {
  return (
    <a
      className="menu-line"
      href={href}
      onClick={(event) => {
        if (!isPlainClick(event)) return;
        event.preventDefault();
        onGo();
      }}
    >
      <Icon name={icon} />
      {children}
    </a>
  );
}
