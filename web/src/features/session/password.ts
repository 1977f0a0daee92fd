/** The server takes no shorter one; it counts Unicode characters as we do. */
export const PASSWORD_CHARACTERS_MIN = 15;

export function charactersOf(text: string): number {
  return [...text].length;
}
