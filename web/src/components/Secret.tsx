import { useId } from "react";

import { CopyButton } from "./CopyButton";

interface SecretProps {
  label: string;
  text: string;
  copyName: string;
}

/** What is shown this once, to be copied: a link or a key, never broken by another direction. */
export function Secret({ label, text, copyName }: SecretProps) {
  const id = useId();
  return (
    <div className="secret">
      <label htmlFor={id}>{label}</label>
      <div className="with-button">
        <input
          id={id}
          className="input"
          dir="ltr"
          readOnly
          value={text}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <CopyButton text={text} name={copyName} />
      </div>
    </div>
  );
}
