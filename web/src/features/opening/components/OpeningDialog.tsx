import type { ReactNode } from "react";

import type { Opening } from "../../../api/types";
import { ConfirmDialog } from "../../../components/ConfirmDialog";
import { useToast } from "../../../components/Toast";
import { isolate } from "../../../format/bidi";
import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";
import { useProtectionTexts, type ProtectionTexts } from "../../../messages/protection/texts";
import { wordsFor } from "../../../messages/protection/words";
import type { OpeningsControl } from "../hooks/useOpenings";
import type { OpeningDeed } from "./OpeningCard";

interface OpeningDialogProps {
  deed: Exclude<OpeningDeed, "read">;
  opening: Opening;
  control: OpeningsControl;
  onClose: () => void;
}

/** Asks before somebody's conversations are opened or closed, and says what follows from it. */
export function OpeningDialog({ deed, opening, control, onClose }: OpeningDialogProps) {
  const { locale } = useSpeech();
  const texts = useProtectionTexts();
  const toast = useToast();
  const { minutes, reason } = opening;
  const duration = texts.opening.duration(minutes, formatCount(minutes, locale).text);
  const { text, status, ...asked } = questionOf(deed, opening, duration, texts);
  return (
    <ConfirmDialog
      {...asked}
      act={async () => {
        await (deed === "agree" ? control.agree(opening.id) : control.close(opening.id));
        toast({ text: status });
      }}
      wordsFor={(failure) => wordsFor(failure, texts)}
      onClose={onClose}
    >
      <p>{text}</p>
      {deed === "agree" && <Reason>{reason}</Reason>}
    </ConfirmDialog>
  );
}

function Reason({ children }: { children: ReactNode }) {
  return (
    <p className="reason">
      <bdi>{children}</bdi>
    </p>
  );
}

interface Question {
  title: string;
  text: string;
  confirm: string;
  confirming: string;
  keep: string;
  /** Said once it is done. */
  status: string;
}

function questionOf(
  deed: OpeningDialogProps["deed"],
  opening: Opening,
  duration: string,
  { opening: texts }: ProtectionTexts,
): Question {
  const requester = isolate(opening.requester_name ?? texts.erased);
  const subject = isolate(opening.account_name ?? texts.erased);
  switch (deed) {
    case "agree":
      return {
        title: texts.agreeTitle,
        text: texts.agreeText(requester, subject, duration),
        confirm: texts.agreeConfirm,
        confirming: texts.agreeing,
        keep: texts.agreeKeep,
        status: texts.statusOpen(subject),
      };
    case "refuse":
      return {
        title: texts.refuseTitle,
        text: texts.refuseText(requester),
        confirm: texts.refuseConfirm,
        confirming: texts.refusing,
        keep: texts.refuseKeep,
        status: texts.statusRefused,
      };
    case "withdraw":
      return {
        title: texts.withdrawTitle,
        text: texts.withdrawText,
        confirm: texts.withdrawConfirm,
        confirming: texts.withdrawing,
        keep: texts.refuseKeep,
        status: texts.statusWithdrawn,
      };
    case "end":
      return {
        title: texts.endTitle,
        text: texts.endText(requester),
        confirm: texts.endConfirm,
        confirming: texts.ending,
        keep: texts.endKeep,
        status: texts.statusEnded,
      };
  }
}
