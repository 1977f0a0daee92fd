import type { Messages } from "../../messages/messages";

export const ROLES = ["owner", "admin", "auditor", "data_officer", "developer", "member"] as const;
export type Role = (typeof ROLES)[number];

/** The roles that somebody of this one makes accounts of, and changes. The server decides. */
export function rolesAppointedBy(role: string): readonly Role[] {
  if (role === "owner") return ROLES;
  return role === "admin" ? ["developer", "member"] : [];
}

/** A role of a newer server is shown by its word. */
export function roleName(role: string, { account }: Messages): string {
  return isRole(role) ? account.roles[role] : role;
}

export function isRole(role: string): role is Role {
  return ROLES.some((known) => known === role);
}
