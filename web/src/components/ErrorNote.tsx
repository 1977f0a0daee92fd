import type { ReactNode } from "react";

import { describeFailure } from "../errors/describe";
import type { Failure } from "../errors/failure";
import { Icon } from "../icons/Icon";
import { useMessages } from "../messages/messages";
import { Commands } from "./Commands";

interface ErrorNoteProps {
  failure: Failure;
  /** Said between what happened and what to do, e.g. that the text is kept. */
  also?: string;
  children?: ReactNode;
}

/** A failure, in the place of what failed: what happened, why, what to do, and its code. */
export function ErrorNote({ failure, also, children }: ErrorNoteProps) {
  const { what, action, code } = describeFailure(failure, useMessages());
  return (
    <div className="note bad" role="alert">
      <Icon name="alert" />
      <div>
        <p>
          <strong>{what}</strong> {also}
        </p>
        <p>
          <Commands text={action} /> <span className="code">({code})</span>
        </p>
        {children}
      </div>
    </div>
  );
}
