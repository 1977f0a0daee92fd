import { Suspense, useState, type ComponentType } from "react";

import type { Session } from "../api/types";
import { ErrorNote } from "../components/ErrorNote";
import { retryable } from "../components/retryable";
import { Skeleton } from "../components/Skeleton";
import { pageFailure } from "../errors/failure";
import type { DeskName } from "./route";

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
  "data-protection": retryable<DeskProps>(
    () =>
      import("../features/protection/components/ProtectionPage").then(
        ({ ProtectionPage }) => ProtectionPage,
      ),
    Unreachable,
  ),
  "break-glass": retryable<DeskProps>(
    () =>
      import("../features/opening/components/BreakGlassPage").then(
        ({ BreakGlassPage }) => BreakGlassPage,
      ),
    Unreachable,
  ),
  sovereignty: retryable<DeskProps>(
    () =>
      import("../features/sovereignty/components/SovereigntyPage").then(
        ({ SovereigntyPage }) => SovereigntyPage,
      ),
    Unreachable,
  ),
};

/** A page in place of the conversation. */
export function Desk({ page, me }: DeskProps & { page: DeskName }) {
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
