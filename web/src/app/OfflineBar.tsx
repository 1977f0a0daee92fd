import { useMessages } from "../messages/messages";

/** A thin bar that says that the network is gone. */
export function OfflineBar({ isOffline }: { isOffline: boolean }) {
  const { app } = useMessages();
  if (!isOffline) return null;
  return (
    <p className="offline" role="alert">
      {app.offline}
    </p>
  );
}
