import { useCallback } from "react";

import { useToast } from "../../../components/Toast";
import { describeFailure } from "../../../errors/describe";
import { useMessages } from "../../../messages/messages";
import type { SessionControl } from "./useSession";

/** Somebody who is still signed in must have the time to read it. */
const SECONDS_SHOWN = 30;

/** Signs out, or says why it did not work and what to do. */
export function useSignOut({ signOut }: Pick<SessionControl, "signOut">): () => void {
  const messages = useMessages();
  const toast = useToast();
  return useCallback((): void => {
    const attempt = async (): Promise<void> => {
      const failure = await signOut();
      if (failure === null) return;
      const { what, action, code } = describeFailure(failure, messages);
      toast({
        text: `${messages.settings.notSignedOut} ${what} ${action} (${code})`,
        action: { label: messages.app.retry, onPress: () => void attempt() },
        seconds: SECONDS_SHOWN,
      });
    };
    void attempt();
  }, [signOut, messages, toast]);
}
