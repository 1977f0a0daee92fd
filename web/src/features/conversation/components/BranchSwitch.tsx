import { Bidi } from "../../../components/Bidi";
import { IconButton } from "../../../components/IconButton";
import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { useAnnounce } from "../../../status/StatusRegion";
import type { Branches } from "../turns";

interface BranchSwitchProps {
  branches: Branches;
  /** Of what these are versions, for screen readers. */
  name: string;
  /** While an answer is being written the versions stay as they are. */
  isBusy: boolean;
  onShow: (entryId: string) => void;
}

/** ‹ 2 / 3 ›: the versions of a question, or of an answer. Nothing where there is only one. */
export function BranchSwitch({ branches, name, isBusy, onShow }: BranchSwitchProps) {
  const { locale, messages } = useSpeech();
  const announce = useAnnounce();
  const { ids, at } = branches;
  if (ids.length < 2) return null;
  const count = (number: number): string => formatCount(number, locale).text;
  const show = (next: number): void => {
    const id = ids[next];
    if (id === undefined) return;
    onShow(id);
    announce(messages.branch.shown(count(next + 1), count(ids.length)));
  };
  return (
    <span className="branches" role="group" aria-label={name}>
      <IconButton
        icon="back"
        name={messages.branch.previous}
        isSmall
        isDisabled={isBusy || at <= 0}
        onPress={() => show(at - 1)}
      />
      <span className="num nb">
        <Bidi direction="ltr">{`${count(at + 1)} / ${count(ids.length)}`}</Bidi>
      </span>
      <IconButton
        icon="forward"
        name={messages.branch.next}
        isSmall
        isDisabled={isBusy || at >= ids.length - 1}
        onPress={() => show(at + 1)}
      />
    </span>
  );
}
