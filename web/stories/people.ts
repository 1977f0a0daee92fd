import type { Session } from "../src/api/types";

/** Somebody who may do everything, and came by a password. */
export const ME: Session = {
  organisation: "o",
  project: "p",
  has_password: true,
  expires_at: "2026-11-23T08:00:00Z",
  account: {
    id: "acc_1",
    name: "anne.dupont@hopital-de-la-cavale-blanche.example",
    kind: "person",
    role: "data_officer",
    permissions: ["models", "conversations", "log", "break_glass", "data_protection"],
    created_at: "2026-11-20T08:00:00Z",
  },
};
