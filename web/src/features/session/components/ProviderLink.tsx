import { useMessages } from "../../../messages/messages";
import { PROVIDER_PATH } from "../api/provider";

/** Leads to the identity provider, which sends the browser back. */
export function ProviderLink({ name }: { name: string }) {
  const { signIn } = useMessages();
  return (
    <a className="btn pri" href={PROVIDER_PATH}>
      {signIn.withProvider(name)}
    </a>
  );
}
