import { lazy, type ComponentType } from "react";

/**
 * A component whose file is fetched when it is first rendered. Where that fails `fallback` shows,
 * and whoever takes the component after that asks for the file again.
 */
export function retryable<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  fallback: ComponentType<Props>,
): () => ComponentType<Props> {
  const attempt = (): ComponentType<Props> =>
    lazy(() =>
      load().then(
        (component) => ({ default: component }),
        () => {
          current = attempt();
          return { default: fallback };
        },
      ),
    );
  let current = attempt();
  return () => current;
}
