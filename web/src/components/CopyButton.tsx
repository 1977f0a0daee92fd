import { useEffect, useState } from "react";

import { useMessages } from "../messages/messages";
import { useAnnounce } from "../status/StatusRegion";
import { copyText } from "./clipboard";
import { IconButton } from "./IconButton";

const CONFIRMATION_MS = 2000;

/** Copies `text` and says so for a moment. */
export function CopyButton({ text, name }: { text: string; name: string }) {
  const { conversation, status } = useMessages();
  const announce = useAnnounce();
  const [isCopied, setIsCopied] = useState(false);

  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = window.setTimeout(() => setIsCopied(false), CONFIRMATION_MS);
    return () => window.clearTimeout(timer);
  }, [isCopied]);

  const copy = async (): Promise<void> => {
    const hasWorked = await copyText(text);
    setIsCopied(hasWorked);
    announce(hasWorked ? status.copied : conversation.copyFailed);
  };

  return (
    <IconButton
      icon={isCopied ? "check" : "copy"}
      name={isCopied ? conversation.copied : name}
      isSmall
      onPress={() => void copy()}
    />
  );
}
