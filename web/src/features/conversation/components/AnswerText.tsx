import { memo, useMemo } from "react";

import { splitBlocks } from "../../../markdown/blocks";
import { directionOf } from "../../../markdown/direction";
import { sanitise } from "../../../markdown/sanitise";
import { CodeBlock } from "./CodeBlock";

/**
 * An answer as blocks. A block whose text did not change is not rendered again, so a selection
 * in earlier text survives while later text streams in.
 */
export function AnswerText({ text }: { text: string }) {
  const blocks = useMemo(() => splitBlocks(text), [text]);
  return (
    <>
      {blocks.map((block, at) =>
        block.kind === "code" ? (
          <CodeBlock key={at} language={block.language} text={block.text} />
        ) : (
          <Markup key={at} html={block.html} direction={directionOf(block.text)} />
        ),
      )}
    </>
  );
}

const Markup = memo(function Markup({ html, direction }: { html: string; direction: string }) {
  return (
    <div className="block" dir={direction} dangerouslySetInnerHTML={{ __html: sanitise(html) }} />
  );
});
