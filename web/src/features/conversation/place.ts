import type { Usage } from "../../api/types";
import type { Language } from "../../format/locale";
import { regionName } from "../../format/region";
import type { Messages } from "../../messages/messages";

/** Where an answer was computed: the site and the zone of its electricity. */
export function placeOf(
  { site, grid_zone: zone }: Pick<Usage, "site" | "grid_zone">,
  { method, provenance }: Messages,
  language: Language,
): string {
  const name = site === "local" ? provenance.siteLocal : site;
  return zone === "" ? name : name + method.separator + provenance.zone(regionName(zone, language));
}
