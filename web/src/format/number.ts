const formats = new Map<string, Intl.NumberFormat>();

/**
 * A format of numbers, made once for the same locale and options: making one takes longer than
 * printing a hundred numbers with it.
 */
export function numberFormat(
  locale: string,
  options: Intl.NumberFormatOptions,
): Intl.NumberFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat(locale, options);
  formats.set(key, made);
  return made;
}
