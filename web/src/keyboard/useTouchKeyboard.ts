import { useMediaQuery } from "../app/useMediaQuery";

/** Whether people type on the screen: touch is the way to point, and there is no other one. */
export function useTouchKeyboard(): boolean {
  const isCoarse = useMediaQuery("(pointer: coarse)");
  const hasFine = useMediaQuery("(any-pointer: fine)");
  return isCoarse && !hasFine;
}
