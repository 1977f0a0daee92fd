const KEY_BYTES = 16;

/** A name for one request, not given twice. (`randomUUID` exists over HTTPS only.) */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
