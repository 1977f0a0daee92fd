import { Suspense, type ReactNode } from "react";

import type { Opening } from "../src/api/types";
import { OpeningCard } from "../src/features/opening/components/OpeningCard";
import { PastOpenings } from "../src/features/opening/components/PastOpenings";
import { STATES, type Obstacle } from "../src/features/opening/opening";
import "../src/styles/protection.css";
import type { Story } from "./story";

const WAITING: Opening = {
  id: "waiting",
  account: "anne",
  account_name: "anne.dupont@hopital-de-la-cavale-blanche.example",
  requester: "owner",
  requester_name: "محمد.العربي@example.org",
  reason: "Personne disparue, affaire 17-4.\nQui devait-elle rencontrer ?",
  minutes: 45,
  state: "waiting",
  requested_at: "2026-11-22T14:32:05Z",
};

const OPEN: Opening = {
  ...WAITING,
  id: "open",
  state: "open",
  approver: "officer",
  approver_name: "officer",
  approved_at: "2026-11-22T15:00:00Z",
  until: "2026-11-22T15:45:00Z",
};

const REVOKED: Opening = {
  ...OPEN,
  id: "revoked",
  account_name: null,
  closer: "officer",
  closer_name: "officer",
  closed_at: "2026-11-22T15:10:00Z",
};

const within = (shown: ReactNode) => (): ReactNode => (
  <Suspense>
    <div className="openings">{shown}</div>
  </Suspense>
);

const waiting = (obstacle: Obstacle | null) =>
  within(
    <OpeningCard
      opening={WAITING}
      state="waiting"
      mayAct
      obstacle={obstacle}
      onDeed={() => undefined}
    />,
  );

const past = STATES.filter((state) => state !== "waiting" && state !== "open").map((state) => ({
  opening: { ...REVOKED, id: state },
  state,
}));

const story: Story = {
  title: "Break-glass",
  states: {
    "waits for you": waiting(null),
    "you asked": waiting("ownRequest"),
    "neither is an officer": waiting("noOfficer"),
    "open, to whoever asked": within(
      <OpeningCard opening={OPEN} state="open" mayAct obstacle="ownRequest" onDeed={() => undefined} />,
    ),
    "open, seen by an auditor": within(
      <OpeningCard opening={OPEN} state="open" mayAct={false} obstacle={null} onDeed={() => undefined} />,
    ),
    past: within(<PastOpenings past={past} />),
  },
};
export default story;
