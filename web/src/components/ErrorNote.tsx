import type { ReactNode } from "react";

import { describeFailure } from "../errors/describe";
import type { Failure } from "../errors/failure";
import { Icon } from "../icons/Icon";
import { useMessages } from "../messages/messages";
import { Commands } from "./Commands";

/** What happened and what to do, in the words of one page. */
export interface Words {
  what: string;
  action: string;
}

interface ErrorNoteProps {
  failure: Failure;
  /** Said between what happened and what to do, e.g. that the text is kept. */
  also?: string;
  /** Says it otherwise than the code alone would. */
  words?: Words | null;
  /** What failed before the page was looked at is shown, but interrupts nobody. */
  isOld?: boolean;
  children?: ReactNode;
}

/** A failure, in the place of what failed: what happened, why, what to do, and its code. */
export function ErrorNote(props: ErrorNoteProps) {
  const { failure, also, words, isOld = false, children } = props;
  const described = describeFailure(failure, useMessages());
  const { what, action, code } = { ...described, ...words };
  return (
    <div className="note bad" role={isOld ? undefined : "alert"}>
      <Icon name="alert" />
      <div>
        <p>
          <strong>
            <Spoken text={what} isServers={what === failure.message} />
          </strong>{" "}
          {also}
        </p>
        <p>
          <Spoken text={action} isServers={action === failure.hint} />{" "}
          <span className="code">
            (<bdi dir="ltr">{code}</bdi>)
          </span>
        </p>
        {children}
      </div>
    </div>
  );
}

/** The server speaks English, whatever the language of the page. */
function Spoken({ text, isServers }: { text: string; isServers: boolean }) {
  if (!isServers) return <Commands text={text} />;
  return (
    <bdi lang="en" dir="ltr">
      <Commands text={text} />
    </bdi>
  );
}
