import { memo, useMemo, useState } from "react";

import { BlockStream } from "../../../markdown/block-stream";
import { splitBlocks } from "../../../markdown/blocks";
import { directionOf, languageOfText } from "../../../markdown/direction";
import { sanitise } from "../../../markdown/sanitise";
import { useSpeech } from "../../../messages/messages";
import { CodeBlock } from "./CodeBlock";

interface AnswerTextProps {
  text: string;
  /** The text still grows: only its last block is parsed again. */
  isGrowing?: boolean;
}

/**
 * An answer as blocks. A block whose text did not change is not rendered again, so a selection
 * in earlier text survives while later text streams in.
 */
export const AnswerText = memo(function AnswerText({ text, isGrowing = false }: AnswerTextProps) {
  const [stream] = useState(() => new BlockStream());
  const blocks = useMemo(
    () => (isGrowing ? stream.update(text) : splitBlocks(text)),
    [stream, text, isGrowing],
  );
  return (
    <>
      {blocks.map((block, at) =>
        block.kind === "code" ? (
          <CodeBlock key={at} language={block.language} text={block.text} />
        ) : (
          <Markup key={at} html={block.html} text={block.text} />
        ),
      )}
    </>
  );
});

const Markup = memo(function Markup({ html, text }: { html: string; text: string }) {
  const { language, direction } = useSpeech();
  return (
    <div
      className="block"
      dir={directionOf(text, direction)}
      lang={languageOfText(text, language)}
      dangerouslySetInnerHTML={{ __html: sanitise(html) }}
    />
  );
});
