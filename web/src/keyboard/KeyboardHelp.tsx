import { Dialog, type DialogProps } from "../components/Dialog";
import { Kbd } from "../components/Kbd";
import { useMessages } from "../messages/messages";
import { IS_APPLE, SCOPES, SHORTCUTS, keysOf, type Scope } from "./shortcuts";

/** Every key of the page and what it does. */
export function KeyboardHelp(dialog: Pick<DialogProps, "isOpen" | "onOpenChange">) {
  const { keyboard } = useMessages();
  return (
    <Dialog {...dialog} title={keyboard.title} size="large">
      <p>{keyboard.intro}</p>
      <div className="keys-help">
        {SCOPES.map((scope) => (
          <KeysOfScope key={scope} scope={scope} />
        ))}
      </div>
    </Dialog>
  );
}

function KeysOfScope({ scope }: { scope: Scope }) {
  const { keyboard } = useMessages();
  return (
    <table>
      <caption>{keyboard[scope]}</caption>
      <thead className="vh">
        <tr>
          <th scope="col">{keyboard.effect}</th>
          <th scope="col">{keyboard.keys}</th>
        </tr>
      </thead>
      <tbody>
        {SHORTCUTS.filter((shortcut) => shortcut.scope === scope).map(({ id, chords }) => (
          <tr key={id}>
            <th scope="row">{keyboard[id]}</th>
            <td>
              {chords.map((chord, at) => (
                <span key={chord.key}>
                  {at > 0 && ` ${keyboard.or} `}
                  <Kbd>{keysOf(chord, keyboard.names, IS_APPLE)}</Kbd>
                </span>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
