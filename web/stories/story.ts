import type { ReactNode } from "react";

/** A component in each of its states, by the name of the state. */
export interface Story {
  title: string;
  states: Record<string, () => ReactNode>;
  /** The first button opens what is to be seen. */
  isPressed?: boolean;
}

const files = import.meta.glob<{ default: Story }>("./*.stories.tsx", { eager: true });

/** Every story by the name of its file. */
export const STORIES: ReadonlyMap<string, Story> = new Map(
  Object.entries(files).map(([path, file]) => [nameOf(path), file.default]),
);

function nameOf(path: string): string {
  return path.replace(/^\.\/|\.stories\.tsx$/gu, "");
}
