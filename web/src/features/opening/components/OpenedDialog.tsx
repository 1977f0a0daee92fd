import { useState } from "react";
import { Button } from "react-aria-components";

import type { OpenedConversations, Opening } from "../../../api/types";
import { Dialog } from "../../../components/Dialog";
import { ErrorNote } from "../../../components/ErrorNote";
import { Skeleton } from "../../../components/Skeleton";
import type { Failure } from "../../../errors/failure";
import { isolate } from "../../../format/bidi";
import { formatMoment } from "../../../format/date";
import { formatCount } from "../../../format/quantity";
import { Icon } from "../../../icons/Icon";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts } from "../../../messages/protection/texts";
import { wordsFor } from "../../../messages/protection/words";
import { useOpenedConversations } from "../hooks/useOpened";
import { Transcript } from "./Transcript";

type Conversation = OpenedConversations["data"][number];

interface OpenedDialogProps {
  opening: Opening;
  onClose: () => void;
}

/** Conversations of somebody else, while they are open, to be read and nothing more. */
export function OpenedDialog({ opening, onClose }: OpenedDialogProps) {
  const { locale } = useSpeech();
  const { opening: texts } = useProtectionTexts();
  const [chosen, setChosen] = useState<Conversation | null>(null);
  const until = formatMoment(new Date(opening.until ?? opening.requested_at), locale);
  const name = isolate(opening.account_name ?? texts.erased);
  return (
    <Dialog
      title={chosen === null ? texts.of(name) : isolate(chosen.name ?? texts.unnamed)}
      size="large"
      isOpen
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      {...(chosen !== null && {
        footer: (
          <Button className="btn" onPress={() => setChosen(null)}>
            <Icon name="back" />
            {texts.backToList}
          </Button>
        ),
      })}
    >
      {chosen === null ? (
        <>
          <p>{texts.readText(until)}</p>
          <OpenedList id={opening.id} onChoose={setChosen} />
        </>
      ) : (
        <Transcript openingId={opening.id} conversationId={chosen.id} />
      )}
    </Dialog>
  );
}

interface OpenedListProps {
  id: string;
  onChoose: (conversation: Conversation) => void;
}

function OpenedList({ id, onChoose }: OpenedListProps) {
  const { locale } = useSpeech();
  const { opening: texts } = useProtectionTexts();
  const { content, failure } = useOpenedConversations(id);
  if (failure !== null) return <ReadFailure failure={failure} />;
  if (content === null) return <Skeleton shape="rows" lines={3} />;
  const { data, total } = content;
  const count = (number: number): string => formatCount(number, locale).text;
  if (data.length === 0) return <p>{texts.readEmpty}</p>;
  return (
    <>
      <ul className="opened">
        {data.map((conversation) => (
          <li key={conversation.id}>
            <Button className="example" onPress={() => onChoose(conversation)}>
              <bdi>{conversation.name ?? texts.unnamed}</bdi>
              <small>{formatMoment(new Date(conversation.updated_at), locale)}</small>
            </Button>
          </li>
        ))}
      </ul>
      {total > data.length && (
        <p className="aside">{texts.readMore(count(data.length), count(total))}</p>
      )}
    </>
  );
}

export function ReadFailure({ failure }: { failure: Failure }) {
  return <ErrorNote failure={failure} words={wordsFor(failure, useProtectionTexts())} />;
}
