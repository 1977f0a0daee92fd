import { Button } from "react-aria-components";

import { Commands } from "../../../components/Commands";
import { ErrorNote } from "../../../components/ErrorNote";
import { StateBlock } from "../../../components/StateBlock";
import { en } from "../../../messages/en";
import { useMessages } from "../../../messages/messages";
import type { ModelChoice } from "../../models/hooks/useModelChoice";

interface EmptyStateProps {
  choice: ModelChoice;
  onAsk: (question: string) => void;
}

/** A small model follows these best, whatever the page speaks. */
const ENGLISH = { lang: "en", dir: "ltr" } as const;

/** Before the first question: what this is, and three questions to try. */
export function EmptyState({ choice, onAsk }: EmptyStateProps) {
  const { app, empty, examples, noModel } = useMessages();
  if (choice.failure !== null) {
    return (
      <ErrorNote failure={choice.failure}>
        <Button className="btn" onPress={choice.retry}>
          {app.retry}
        </Button>
      </ErrorNote>
    );
  }
  if (choice.models === null) return null;
  if (choice.chosen === null) {
    return (
      <StateBlock title={noModel.title}>
        <p>
          {noModel.what} <Commands text={noModel.action} />
        </p>
      </StateBlock>
    );
  }
  return (
    <StateBlock title={empty.title}>
      <p>{empty.lead(choice.chosen)}</p>
      {choice.isSmall && <p>{empty.small}</p>}
      <h3>{empty.examples}</h3>
      <ul className="examples">
        {(choice.isSmall ? en.examples : examples).map((example) => (
          <li key={example}>
            <Button className="example" onPress={() => onAsk(example)}>
              <span {...(choice.isSmall && ENGLISH)}>{example}</span>
            </Button>
          </li>
        ))}
      </ul>
      <p className="aside">{empty.memory}</p>
    </StateBlock>
  );
}
