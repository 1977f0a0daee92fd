/** The one-time token in what a person pasted: a whole link, its fragment, or the bare token. */
export function tokenFrom(pasted: string): string {
  const text = pasted.trim();
  return /(?:^|#)token=([^&\s]+)/u.exec(text)?.[1] ?? text;
}

/**
 * Takes the one-time token out of the address of the page, so that neither the history nor a
 * copied address holds it any longer.
 */
export function takeTokenFromAddress(): string | null {
  if (!window.location.hash.startsWith("#token=")) return null;
  const token = tokenFrom(window.location.hash);
  window.history.replaceState(null, "", window.location.pathname + window.location.search);
  return token === "" || token === "#token=" ? null : token;
}
