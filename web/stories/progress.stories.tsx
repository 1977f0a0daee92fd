import { Skeleton } from "../src/components/Skeleton";
import { StreamStatus } from "../src/components/StreamStatus";
import { useSamples } from "./samples";
import type { Story } from "./story";

const story: Story = {
  title: "StreamStatus, Skeleton",
  states: {
    running: () => <StreamStatus text={useSamples().phase} />,
    queued: () => <StreamStatus text={useSamples().queued} kind="queued" />,
    "connection lost": () => <StreamStatus text={useSamples().lost} kind="lost" />,
    "text is loading": () => <Skeleton />,
    "a list is loading": () => <Skeleton shape="rows" lines={4} />,
    "a card is loading": () => <Skeleton shape="block" lines={1} />,
  },
};
export default story;
