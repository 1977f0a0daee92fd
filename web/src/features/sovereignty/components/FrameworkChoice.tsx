import { Button, ListBox, ListBoxItem, Popover, Select, SelectValue } from "react-aria-components";

import type { SovereigntyFramework } from "../../../api/types";
import { Icon } from "../../../icons/Icon";
import { useDeskTexts } from "../../../messages/desk/texts";

const ALL = "all";

interface FrameworkChoiceProps {
  frameworks: readonly SovereigntyFramework[];
  /** `null`: every check. */
  chosen: string | null;
  onChoose: (id: string | null) => void;
}

/** The text whose criteria the checks are sorted by. */
export function FrameworkChoice({ frameworks, chosen, onChoose }: FrameworkChoiceProps) {
  const { sovereignty: texts } = useDeskTexts();
  return (
    <Select
      aria-label={texts.framework}
      value={chosen ?? ALL}
      onChange={(key) => {
        if (typeof key === "string") onChoose(key === ALL ? null : key);
      }}
    >
      <Button className="chip">
        <SelectValue className="ellipsis" />
        <Icon name="chevron" isSmall />
      </Button>
      <Popover className="popover list" placement="bottom end">
        <ListBox>
          <ListBoxItem id={ALL} textValue={texts.allChecks} className="option">
            {texts.allChecks}
          </ListBoxItem>
          {frameworks.map(({ id, title }) => (
            <ListBoxItem key={id} id={id} textValue={title} className="option">
              <bdi lang="en">{title}</bdi>
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
}
