import { Fragment } from "react";

const COMMAND = /(galerne login-link|galerne model import|galerne key create --account|#token=)/u;

/** Text in which commands and address parts are set as code. */
export function Commands({ text }: { text: string }) {
  return text
    .split(COMMAND)
    .map((part, at) =>
      COMMAND.test(part) ? (
        <code key={at} className="nb">
          {part}
        </code>
      ) : (
        <Fragment key={at}>{part}</Fragment>
      ),
    );
}
