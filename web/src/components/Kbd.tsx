/** Keys to press, in the order of the keyboard whatever the direction of the page. */
export function Kbd({ children }: { children: string }) {
  return (
    <kbd className="kbd" dir="ltr">
      {children}
    </kbd>
  );
}
