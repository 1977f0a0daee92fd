import { Button, ListBox, ListBoxItem, Popover, Select, SelectValue } from "react-aria-components";

import { Icon } from "../../../icons/Icon";
import { useMessages } from "../../../messages/messages";
import type { ModelChoice } from "../hooks/useModelChoice";

interface ModelSelectProps {
  choice: ModelChoice;
  onChoose: (model: string) => void;
}

/** The model that answers next; a list to choose from where there are several. */
export function ModelSelect({ choice, onChoose }: ModelSelectProps) {
  const { composer } = useMessages();
  const { models, chosen } = choice;
  if (models === null || models.length < 2 || chosen === null) {
    const fallback = models === null ? composer.modelLoading : composer.modelNone;
    return (
      <span className="chip">
        <span className="vh">{composer.model}: </span>
        <bdi className="ellipsis">{chosen ?? fallback}</bdi>
      </span>
    );
  }
  return (
    <Select
      aria-label={composer.model}
      value={chosen}
      onChange={(key) => {
        if (typeof key === "string") onChoose(key);
      }}
    >
      <Button className="chip">
        <SelectValue className="ellipsis" />
        <Icon name="chevron" isSmall />
      </Button>
      <Popover className="popover list" placement="top start">
        <ListBox>
          {models.map((id) => (
            <ListBoxItem key={id} id={id} textValue={id} className="option">
              <bdi>{id}</bdi>
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </Select>
  );
}
