import { Button, Tooltip, TooltipTrigger, type ButtonProps } from "react-aria-components";

import { Icon, type IconName } from "../icons/Icon";
import { KeyHint } from "./Kbd";

interface IconButtonProps extends Omit<ButtonProps, "children" | "className" | "aria-label"> {
  icon: IconName;
  /** Accessible name, shown as a tooltip too. */
  name: string;
  isSmall?: boolean;
  /** Keys that do the same, shown beside the name. */
  shortcut?: string;
}

export function IconButton({ icon, name, isSmall = false, shortcut, ...button }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500}>
      <Button {...button} className={isSmall ? "icon-btn sm" : "icon-btn"} aria-label={name}>
        <Icon name={icon} isSmall={isSmall} />
      </Button>
      <Tooltip className="tooltip" offset={6}>
        {name}
        {shortcut !== undefined && <KeyHint>{shortcut}</KeyHint>}
      </Tooltip>
    </TooltipTrigger>
  );
}
