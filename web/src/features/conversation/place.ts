import type { Usage } from "../../api/types";
import type { Language } from "../../format/locale";
import type { Messages } from "../../messages/messages";

/** Where an answer was computed: the site and the zone of its electricity. */
export function placeOf(
  { site, grid_zone: zone }: Pick<Usage, "site" | "grid_zone">,
  { method, provenance }: Messages,
  language: Language,
): string {
  const name = site === "local" ? provenance.siteLocal : site;
  return zone === "" ? name : name + method.separator + provenance.zone(zoneName(zone, language));
}

const regions = new Map<Language, Intl.DisplayNames>();

function zoneName(zone: string, language: Language): string {
  const known = regions.get(language);
  const names = known ?? new Intl.DisplayNames(language, { type: "region", fallback: "code" });
  if (known === undefined) regions.set(language, names);
  try {
    return names.of(zone) ?? zone;
  } catch {
    return zone;
  }
}
