import { Button } from "react-aria-components";

import { IconButton } from "../../../components/IconButton";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useMessages, useSpeech } from "../../../messages/messages";
import type { RefusedFile } from "../attachments";
import type { LargePaste } from "../hooks/useLargePaste";
import { formatSize } from "../size";

interface RefusedFilesProps {
  files: readonly RefusedFile[];
  onDismiss: () => void;
}

/** Which files do not go with the question, why, and what to do. */
export function RefusedFiles({ files, onDismiss }: RefusedFilesProps) {
  const { files: texts } = useMessages();
  if (files.length === 0) return null;
  return (
    <div className="note warn" role="alert">
      <Icon name="alert" />
      <ul aria-label={texts.refusedLabel}>
        {files.map(({ name, reason }, at) => (
          <li key={at}>{texts[reason](isolate(name))}</li>
        ))}
      </ul>
      <IconButton icon="close" name={texts.dismiss} isSmall onPress={onDismiss} />
    </div>
  );
}

interface LargePasteNoteProps {
  paste: LargePaste | null;
  onAttach: (text: string) => void;
  onDismiss: () => void;
}

/** Long text that was kept out of the field. */
export function LargePasteNote({ paste, onAttach, onDismiss }: LargePasteNoteProps) {
  const { locale, messages } = useSpeech();
  const { files: texts } = messages;
  if (paste === null) return null;
  const { text } = paste;
  return (
    <div className="note warn" role="alert">
      <Icon name="alert" />
      <div>
        <p>{texts.pasteRefused(isolate(formatSize(paste.bytes, locale)))}</p>
        {text === null ? (
          <p>{texts.pasteTooLong}</p>
        ) : (
          <Button className="btn sm" onPress={() => onAttach(text)}>
            {texts.pasteOffer}
          </Button>
        )}
      </div>
      <IconButton icon="close" name={texts.dismiss} isSmall onPress={onDismiss} />
    </div>
  );
}

/** Files beyond what a draft holds go with the question, but do not outlive the page before that. */
export function NotKeptNote() {
  const { files: texts } = useMessages();
  return (
    <p className="note warn" role="alert">
      <Icon name="info" isSmall />
      <span>{texts.notKept}</span>
    </p>
  );
}
