import type { IconName } from "../icons/Icon";
import { DESKS, type DeskName } from "./route";

/** A page beside the conversations, for somebody who may open it. */
export interface DeskDoor {
  page: DeskName;
  icon: IconName;
  open: () => void;
}

/** Each page, and the permissions of which one is enough to be offered it. The server decides. */
const DOORS: Record<DeskName, [IconName, ...permissions: string[]]> = {
  people: ["users", "accounts"],
  keys: ["key", "keys"],
  "data-protection": ["archive", "data_protection"],
  "break-glass": ["eye", "break_glass", "log"],
  sovereignty: ["shield", "log"],
};

/** Whether somebody with these permissions is offered a page. */
export function isOffered(page: DeskName, permissions: readonly string[]): boolean {
  const [, ...enough] = DOORS[page];
  return enough.some((permission) => permissions.includes(permission));
}

/** The pages that somebody with these permissions is offered, in the order of the menu. */
export function doorsFor(
  permissions: readonly string[],
  open: (page: DeskName) => void,
): readonly DeskDoor[] {
  return DESKS.filter((page) => isOffered(page, permissions)).map((page) => ({
    page,
    icon: DOORS[page][0],
    open: () => open(page),
  }));
}
