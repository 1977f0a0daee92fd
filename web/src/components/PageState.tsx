import { Button } from "react-aria-components";

import type { Failure } from "../errors/failure";
import { useMessages } from "../messages/messages";
import { ErrorNote } from "./ErrorNote";
import { Skeleton } from "./Skeleton";
import { StateBlock } from "./StateBlock";

interface PageStateProps {
  /** Nothing is here yet. */
  isLoading: boolean;
  failure: Failure | null;
  denied: { title: string; text: string };
  onRetry: () => void;
}

/** What stands before a list that is not here, not allowed, or could not be read again. */
export function PageState({ isLoading, failure, denied, onRetry }: PageStateProps) {
  const { app } = useMessages();
  if (failure?.code === "auth.forbidden") {
    return (
      <StateBlock title={denied.title} kind="denied">
        <p>{denied.text}</p>
      </StateBlock>
    );
  }
  if (failure !== null) {
    return (
      <ErrorNote failure={failure}>
        <Button className="btn sm" onPress={onRetry}>
          {app.retry}
        </Button>
      </ErrorNote>
    );
  }
  return isLoading ? <Skeleton shape="rows" lines={5} /> : null;
}
