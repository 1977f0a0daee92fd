import type { Language } from "./locale";

const regions = new Map<Language, Intl.DisplayNames>();

/** The name of a country or a grid zone of one; what is no known code stays as it is. */
export function regionName(code: string, language: Language): string {
  const known = regions.get(language);
  const names = known ?? new Intl.DisplayNames(language, { type: "region", fallback: "code" });
  if (known === undefined) regions.set(language, names);
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}
