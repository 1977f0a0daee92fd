import type { Usage } from "../../api/types";
import type { Language } from "../../format/quantity";
import type { Messages } from "../../messages/messages";

/** Where an answer was computed: the site and the zone of its electricity. */
export function placeOf(
  { site, grid_zone: zone }: Pick<Usage, "site" | "grid_zone">,
  { provenance }: Messages,
  language: Language,
): string {
  const name = site === "local" ? provenance.siteLocal : site;
  return zone === "" ? name : `${name}, ${provenance.zone(zoneName(zone, language))}`;
}

function zoneName(zone: string, language: Language): string {
  try {
    return new Intl.DisplayNames(language, { type: "region", fallback: "code" }).of(zone) ?? zone;
  } catch {
    return zone;
  }
}
