import { ActionMenu, type MenuAction } from "../../../components/ActionMenu";
import { Bidi } from "../../../components/Bidi";
import { isolate } from "../../../format/bidi";
import { formatDate } from "../../../format/date";
import { useDeskTexts, type DeskTexts } from "../../../messages/desk/texts";
import { useSpeech } from "../../../messages/messages";
import type { Account } from "../../../api/types";
import { roleName, type Role } from "../role";

export type AccountDeed = "role" | "invite" | "disable" | "enable" | "hold" | "erase";

interface AccountTableProps {
  accounts: readonly Account[];
  myId: string;
  /** The roles that whoever looks may appoint. */
  roles: readonly Role[];
  /** Whether whoever looks places holds and erases. */
  mayProtect: boolean;
  onDeed: (deed: AccountDeed, account: Account) => void;
}

/** Roles are written out: on a phone the rows are no table to the eye, and stay one to the ear. */
export function AccountTable({ accounts, myId, roles, mayProtect, onDeed }: AccountTableProps) {
  const { locale, messages } = useSpeech();
  const texts = useDeskTexts();
  const { people } = texts;
  return (
    <table className="table" role="table" aria-label={messages.account.people}>
      <thead role="rowgroup">
        <tr role="row">
          {[people.name, people.kind, people.role, people.state].map((title) => (
            <th key={title} role="columnheader" scope="col">
              {title}
            </th>
          ))}
          <th role="columnheader" scope="col">
            <span className="vh">{people.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {accounts.map((account) => (
          <tr key={account.id} role="row" className={account.disabled_at == null ? "" : "off"}>
            <th role="rowheader" scope="row" className="main">
              <Bidi>{account.name}</Bidi>
              {account.id === myId && <span className="tag">{people.you}</span>}
            </th>
            <td role="cell">{kindName(account.kind, texts)}</td>
            <td role="cell">{roleName(account.role, messages)}</td>
            <td role="cell">
              {account.disabled_at == null
                ? people.enabled
                : people.disabledSince(formatDate(new Date(account.disabled_at), locale))}
            </td>
            <td role="cell" className="deeds">
              {account.id !== myId && roles.some((role) => role === account.role) && (
                <ActionMenu
                  name={people.actionsOf(isolate(account.name))}
                  items={[
                    ...deedsOf(account, onDeed, texts),
                    ...(mayProtect ? protectionOf(account, onDeed, texts) : []),
                  ]}
                />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function kindName(kind: string, { people }: DeskTexts): string {
  return kind === "person" || kind === "service" ? people.kinds[kind] : kind;
}

function deedsOf(
  account: Account,
  onDeed: AccountTableProps["onDeed"],
  { people }: DeskTexts,
): MenuAction[] {
  const act = (deed: AccountDeed) => (): void => onDeed(deed, account);
  const role: MenuAction = { id: "role", text: people.changeRole, icon: "users", onAction: act("role") };
  if (account.disabled_at != null) {
    return [role, { id: "enable", text: people.enable, icon: "check", onAction: act("enable") }];
  }
  const invite: MenuAction = { id: "invite", text: people.invite, icon: "key", onAction: act("invite") };
  const disable: MenuAction = {
    id: "disable",
    text: people.disable,
    icon: "lock",
    isDangerous: true,
    onAction: act("disable"),
  };
  return account.kind === "person" ? [role, invite, disable] : [role, disable];
}

function protectionOf(
  account: Account,
  onDeed: AccountTableProps["onDeed"],
  { people }: DeskTexts,
): MenuAction[] {
  return [
    { id: "hold", text: people.hold, icon: "archive", onAction: () => onDeed("hold", account) },
    {
      id: "erase",
      text: people.erase,
      icon: "trash",
      isDangerous: true,
      onAction: () => onDeed("erase", account),
    },
  ];
}
