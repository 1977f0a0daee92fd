import type { Failure } from "../../../errors/failure";
import { formatCount } from "../../../format/quantity";
import { useSpeech } from "../../../messages/messages";

const MINUTE_SECONDS = 60;

/** What to say where a password may not be tried again yet; `null` for any other failure. */
export function useWait({ code, retryAfterSeconds }: Failure) {
  const { locale, messages } = useSpeech();
  if (code !== "capacity.exhausted" || retryAfterSeconds === null) return null;
  const { attempts, waitMinutes, waitSeconds } = messages.signIn;
  const isLong = retryAfterSeconds > MINUTE_SECONDS;
  const count = isLong ? Math.ceil(retryAfterSeconds / MINUTE_SECONDS) : retryAfterSeconds;
  const say = isLong ? waitMinutes : waitSeconds;
  return { what: attempts, action: say(count, formatCount(count, locale).text) };
}
