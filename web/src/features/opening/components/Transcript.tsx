import { Bidi } from "../../../components/Bidi";
import { Skeleton } from "../../../components/Skeleton";
import { directionOf, languageOfText } from "../../../markdown/direction";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { AnswerText } from "../../conversation/components/AnswerText";
import type { Entry } from "../../conversation/entry";
import { useOpenedHistory } from "../hooks/useOpened";
import { ReadFailure } from "./OpenedDialog";

interface TranscriptProps {
  openingId: string;
  conversationId: string;
}

/** All that was asked and answered in a conversation, every version of it. */
export function Transcript({ openingId, conversationId }: TranscriptProps) {
  const { opening: texts } = useProtectionTexts();
  const { content, failure } = useOpenedHistory(openingId, conversationId);
  if (failure !== null) return <ReadFailure failure={failure} />;
  if (content === null) return <Skeleton shape="text" />;
  const parents = content.map(({ parent }) => parent);
  const hasBranches = new Set(parents).size < parents.length;
  return (
    <>
      {hasBranches && <p className="aside">{texts.branches}</p>}
      <ol className="transcript">
        {content.map((entry) => (
          <EntryView key={entry.id} entry={entry} />
        ))}
      </ol>
    </>
  );
}

function EntryView({ entry }: { entry: Entry }) {
  const { language, direction } = useSpeech();
  const { opening: texts } = useProtectionTexts();
  const { author, text, attachments } = entry;
  if (author === "assistant") {
    return (
      <li className="answer">
        <h3>{texts.answer}</h3>
        <AnswerText text={text} />
      </li>
    );
  }
  return (
    <li className="asked">
      <h3>{texts.question}</h3>
      <p className="plain" dir={directionOf(text, direction)} lang={languageOfText(text, language)}>
        {text}
      </p>
      {attachments.map((file, at) => (
        <details key={at}>
          <summary>
            <Bidi>{texts.file(file.name)}</Bidi>
          </summary>
          <p className="plain" dir="auto">
            {file.text}
          </p>
        </details>
      ))}
    </li>
  );
}
