import { Suspense, type ReactNode } from "react";

import type { Erasure, Hold } from "../src/api/types";
import { CheckCommand } from "../src/features/protection/components/CheckCommand";
import { ErasureList } from "../src/features/protection/components/ErasureList";
import { HoldTable } from "../src/features/protection/components/HoldTable";
import "../src/styles/protection.css";
import type { Story } from "./story";

const HOLD: Hold = {
  id: "1",
  account: "anne",
  reason: "litigation",
  reference: "RG 26/01234, tribunal judiciaire de Brest",
  placed_at: "2026-11-20T08:00:00Z",
};

const HOLDS: Hold[] = [
  HOLD,
  { ...HOLD, id: "2", account: null, reason: "authority", reference: "قضية 17" },
  { ...HOLD, id: "3", account: "gone", reason: "audit", lifted_at: "2026-11-22T08:00:00Z" },
];

const DONE: Erasure = {
  id: "0192f3c4-a5b6-7c8d-9e0f-1a2b3c4d5e6f",
  state: "done",
  subject: "acc:7d1f0c9ae4b64c02a1d35f6e8b97c210",
  reason: "request_of_person",
  ordered_by: "data_officer",
  ordered_at: "2026-11-22T14:32:05Z",
  removed_at: "2026-11-22T14:32:06Z",
  erased: [
    { class: "conversations", count: 12 },
    { class: "entries", count: 12345 },
    { class: "of_a_newer_server", count: 1 },
  ],
  certificate: "galerne erasure v1\n",
};

const UNDER_WAY: Erasure = {
  ...DONE,
  id: "0192f3c4-a5b6-7c8d-9e0f-1a2b3c4d5e70",
  state: "under_way",
  ordered_by: "operator",
  removed_at: null,
  erased: [],
  certificate: null,
};

const NAMES: Record<string, string> = { anne: "anne.dupont@hopital-de-la-cavale-blanche.example" };

const within = (shown: ReactNode) => (): ReactNode => (
  <Suspense>
    <div className="protection">{shown}</div>
  </Suspense>
);

const story: Story = {
  title: "Data protection",
  states: {
    holds: within(
      <HoldTable holds={HOLDS} nameOf={(id) => NAMES[id] ?? null} onLift={() => undefined} />,
    ),
    erasures: within(<ErasureList erasures={[UNDER_WAY, DONE]} />),
    "how to check": within(<CheckCommand erasure={DONE} />),
  },
};
export default story;
