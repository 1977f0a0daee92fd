import { Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";

import { Icon, type IconName } from "../icons/Icon";
import { IconButton } from "./IconButton";
import { KeyHint } from "./Kbd";

export interface MenuAction {
  id: string;
  text: string;
  icon?: IconName;
  isDangerous?: boolean;
  isDisabled?: boolean;
  shortcut?: string;
  onAction: () => void;
}

interface ActionMenuProps {
  /** Of what these are the actions, e.g. "Actions of Minutes of March". */
  name: string;
  icon?: IconName;
  isSmall?: boolean;
  items: MenuAction[];
}

/** A button that opens a list of things to do. */
export function ActionMenu({ name, icon = "more", isSmall = true, items }: ActionMenuProps) {
  return (
    <MenuTrigger>
      <IconButton icon={icon} name={name} isSmall={isSmall} />
      <Popover className="popover list" placement="bottom end">
        <Menu aria-label={name} disabledKeys={items.filter(isOff).map(({ id }) => id)}>
          {items.map((item) => (
            <MenuItem
              key={item.id}
              id={item.id}
              textValue={item.text}
              className={item.isDangerous === true ? "option bad" : "option"}
              onAction={item.onAction}
            >
              {item.icon !== undefined && <Icon name={item.icon} isSmall />}
              <span>{item.text}</span>
              {item.shortcut !== undefined && <KeyHint>{item.shortcut}</KeyHint>}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function isOff({ isDisabled = false }: MenuAction): boolean {
  return isDisabled;
}
