import { useTouchKeyboard } from "../keyboard/useTouchKeyboard";

/** Keys to press, in the order of the keyboard whatever the direction of the page. */
export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="kbd" dir="ltr">
      {children}
    </kbd>
  );
}

/** Keys beside what does the same; nothing where people type on the screen, which has none. */
export function KeyHint({ children }: { children: string }) {
  return useTouchKeyboard() ? null : <Kbd>{children}</Kbd>;
}
