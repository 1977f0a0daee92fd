import { formatCount } from "../format/quantity";
import { useSpeech } from "../messages/messages";
import type { Plural } from "../messages/plural";

/** An exact count with its noun: "84 tokens". */
export function Counted({ count, unit }: { count: number; unit: Plural }) {
  const { locale } = useSpeech();
  return <span className="num nb">{unit(count, formatCount(count, locale).text)}</span>;
}
