import { Suspense, useState, type ComponentType } from "react";

import type { Session } from "../api/types";
import { ErrorNote } from "../components/ErrorNote";
import { retryable } from "../components/retryable";
import { Skeleton } from "../components/Skeleton";
import { pageFailure } from "../errors/failure";

interface DeskProps {
  me: Session;
}

// Files of their own: most people never open them.
const TAKE = {
  people: retryable<DeskProps>(
    () =>
      import("../features/account/components/PeoplePage").then(({ PeoplePage }) => PeoplePage),
    Unreachable,
  ),
  keys: retryable<DeskProps>(
    () => import("../features/key/components/KeysPage").then(({ KeysPage }) => KeysPage),
    Unreachable,
  ),
};

/** The page of people or that of keys, in place of the conversation. */
export function Desk({ page, me }: DeskProps & { page: "people" | "keys" }) {
  const [Page] = useState<ComponentType<DeskProps>>(TAKE[page]);
  return (
    <Suspense fallback={<Waiting />}>
      <Page me={me} />
    </Suspense>
  );
}

function Waiting() {
  return (
    <div className="desk">
      <Skeleton shape="rows" lines={5} />
    </div>
  );
}

function Unreachable() {
  return (
    <div className="desk">
      <ErrorNote failure={pageFailure("page.unreachable")} />
    </div>
  );
}
