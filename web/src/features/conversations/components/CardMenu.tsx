import { useRef } from "react";
import { Menu, MenuItem, Popover, Text } from "react-aria-components";

import type { MenuAction } from "../../../components/ActionMenu";
import { Icon } from "../../../icons/Icon";

interface CardMenuProps {
  name: string;
  /** The button that opened it. */
  button: HTMLElement;
  actions: MenuAction[];
  onClose: () => void;
}

/** One menu for all rows of the list, at the button that asked for it. */
export function CardMenu({ name, button, actions, onClose }: CardMenuProps) {
  const trigger = useRef(button);
  return (
    <Popover
      className="popover list"
      aria-label={name}
      placement="bottom end"
      triggerRef={trigger}
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
    >
      <Menu aria-label={name} autoFocus="first" onClose={onClose}>
        {actions.map(({ id, text, icon, isDangerous = false, onAction }) => (
          <MenuItem
            key={id}
            id={id}
            textValue={text}
            className={isDangerous ? "option bad" : "option"}
            onAction={onAction}
          >
            {icon !== undefined && <Icon name={icon} isSmall />}
            <Text slot="label">{text}</Text>
          </MenuItem>
        ))}
      </Menu>
    </Popover>
  );
}
