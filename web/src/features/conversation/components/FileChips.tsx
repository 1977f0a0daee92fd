import { Bidi } from "../../../components/Bidi";
import { IconButton } from "../../../components/IconButton";
import { isolate } from "../../../format/bidi";
import { Icon } from "../../../icons/Icon";
import { useSpeech } from "../../../messages/messages";
import { sizeOf, type Attachment } from "../attachments";
import { formatSize } from "../size";

interface FileChipsProps {
  files: readonly Attachment[];
  /** Absent where the files have been sent. */
  onRemove?: (file: Attachment) => void;
}

/** The files that go with a question: name, size, and a button that takes one away. */
export function FileChips({ files, onRemove }: FileChipsProps) {
  const { locale, messages } = useSpeech();
  const { files: texts, parts } = messages;
  if (files.length === 0) return null;
  return (
    <ul className="files" aria-label={texts.label}>
      {files.map((file, at) => (
        <li key={at} className="chip file">
          <Icon name="file" isSmall />
          <Bidi className="ellipsis">{file.name}</Bidi>
          {file.isRenamed === true && (
            <span className="flag" title={parts.fileNameChanged}>
              <Icon name="alert" isSmall />
              <span className="vh">{parts.fileNameChanged}</span>
            </span>
          )}
          <Bidi className="nb size">{formatSize(sizeOf(file), locale)}</Bidi>
          {onRemove !== undefined && (
            <IconButton
              icon="close"
              name={texts.remove(isolate(file.name))}
              isSmall
              onPress={() => onRemove(file)}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
