import { ErrorNote } from "../../../components/ErrorNote";
import type { Failure } from "../../../errors/failure";
import { useWait } from "../hooks/useWait";

/** Why nobody was let in; where the server wants a pause, how long. */
export function SignInRefusal({ failure }: { failure: Failure }) {
  const wait = useWait(failure);
  return <ErrorNote failure={failure} {...(wait !== null && { words: wait })} />;
}
