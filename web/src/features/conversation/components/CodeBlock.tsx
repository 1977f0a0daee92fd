import { memo } from "react";

import { CopyButton } from "../../../components/CopyButton";
import { useMessages } from "../../../messages/messages";

/** Code of an answer, left to right, with a button that copies it. */
export const CodeBlock = memo(function CodeBlock({
  language,
  text,
}: {
  language: string;
  text: string;
}) {
  const { conversation } = useMessages();
  const name = language === "" ? conversation.codeBlock : language;
  return (
    <div className="code-block" dir="ltr">
      <div className="code-head">
        <bdi>{name}</bdi>
        <CopyButton text={text} name={conversation.copyCode} />
      </div>
      {/* The region scrolls sideways, so the keyboard must reach it. */}
      <pre tabIndex={0} role="group" aria-label={name}>
        <code>{text}</code>
      </pre>
    </div>
  );
});
