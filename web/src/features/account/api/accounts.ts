import { readJson, send, sendJson } from "../../../api/client";
import type {
  Account,
  AccountChange,
  AccountList,
  Invitation,
  NewAccount,
} from "../../../api/types";

export async function fetchAccounts(): Promise<Account[]> {
  const { data } = await readJson<AccountList>(await send("/v1/accounts"));
  return data;
}

/** The same list, for whoever protects data and keeps no accounts. */
export async function fetchDataSubjects(): Promise<Account[]> {
  const { data } = await readJson<AccountList>(await send("/v1/data-subjects"));
  return data;
}

export async function createAccount(account: NewAccount): Promise<Account> {
  return readJson(await sendJson("POST", "/v1/accounts", account));
}

export async function changeAccount(id: string, change: AccountChange): Promise<Account> {
  return readJson(await sendJson("PATCH", pathOf(id), change));
}

/** Makes a link for somebody who has no password yet. */
export async function inviteAccount(id: string): Promise<Invitation> {
  return readJson(await send(`${pathOf(id)}/invitation`, { method: "POST" }));
}

function pathOf(id: string): string {
  return `/v1/accounts/${encodeURIComponent(id)}`;
}
