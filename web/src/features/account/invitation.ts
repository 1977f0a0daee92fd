/** The link that a person opens: the token is in the fragment, which no server is sent. */
export function invitationLink(origin: string, token: string): string {
  return `${origin}/#token=${token}`;
}
