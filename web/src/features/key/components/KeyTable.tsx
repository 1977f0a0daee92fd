import { useState } from "react";
import { Button } from "react-aria-components";

import type { Key } from "../../../api/types";
import { Bidi } from "../../../components/Bidi";
import { isolate } from "../../../format/bidi";
import { formatDate } from "../../../format/date";
import { useDeskTexts, type DeskTexts } from "../../../messages/desk/texts";
import { useSpeech, type Messages } from "../../../messages/messages";
import { KEY_PERMISSIONS, stateOf, type KeyState } from "../key";

interface KeyTableProps {
  keys: readonly Key[];
  onRevoke: (key: Key) => void;
}

/** Roles are written out: on a phone the rows are no table to the eye, and stay one to the ear. */
export function KeyTable({ keys, onRevoke }: KeyTableProps) {
  const { locale, messages } = useSpeech();
  const desk = useDeskTexts();
  const { keys: texts } = desk;
  const [now] = useState(() => Date.now());
  const day = (time: string): string => formatDate(new Date(time), locale);
  return (
    <table className="table" role="table" aria-label={messages.account.keys}>
      <thead role="rowgroup">
        <tr role="row">
          {[texts.name, texts.permissions, texts.made, texts.state].map((title) => (
            <th key={title} role="columnheader" scope="col">
              {title}
            </th>
          ))}
          <th role="columnheader" scope="col">
            <span className="vh">{texts.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {keys.map((key) => {
          const state = stateOf(key, now);
          return (
            <tr key={key.id} role="row" className={state === "good" ? "" : "off"}>
              <th role="rowheader" scope="row" className="main">
                <Bidi>{key.name}</Bidi>
              </th>
              <td role="cell">{permissionsOf(key, desk, messages)}</td>
              <td role="cell">{texts.madeOn(day(key.created_at))}</td>
              <td role="cell">{stateText(key, state, day, desk)}</td>
              <td role="cell" className="deeds">
                {state !== "revoked" && (
                  <Button
                    className="btn sm"
                    aria-label={texts.revokeOf(isolate(key.name))}
                    onPress={() => onRevoke(key)}
                  >
                    {texts.revoke}
                  </Button>
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function permissionsOf({ permissions }: Key, { keys }: DeskTexts, { method }: Messages): string {
  const nameOf = (permission: string): string => {
    const known = KEY_PERMISSIONS.find((one) => one === permission);
    return known === undefined ? permission : keys.permissionNames[known];
  };
  return permissions.map(nameOf).join(method.separator);
}

function stateText(
  { expires_at, revoked_at }: Key,
  state: KeyState,
  day: (time: string) => string,
  { keys }: DeskTexts,
): string {
  if (state === "revoked") return keys.revokedOn(day(revoked_at ?? ""));
  if (expires_at == null) return keys.endless;
  return state === "ended" ? keys.endedOn(day(expires_at)) : keys.endsOn(day(expires_at));
}
