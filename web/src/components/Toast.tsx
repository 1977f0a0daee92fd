import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  type FocusEvent,
  type ReactNode,
} from "react";
import { Button } from "react-aria-components";

import { useMessages } from "../messages/messages";
import { useAnnounce } from "../status/StatusRegion";
import { IconButton } from "./IconButton";

export interface Toast {
  text: string;
  /** Takes back what the toast tells. */
  action?: { label: string; onPress: () => void };
  seconds?: number;
}

interface ShownToast extends Toast {
  id: number;
}

const SECONDS_SHOWN = 8;
const TOASTS_MAX = 3;

const ToastContext = createContext<(toast: Toast) => void>(() => undefined);

/** Shows what `useToast` is told, the latest three, and says it to screen readers. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const { parts } = useMessages();
  const announce = useAnnounce();
  const [toasts, setToasts] = useState<ShownToast[]>([]);
  const lastId = useRef(0);

  const show = useCallback(
    (toast: Toast): void => {
      lastId.current += 1;
      const shown = { ...toast, id: lastId.current };
      setToasts((before) => [...before, shown].slice(-TOASTS_MAX));
      announce(toast.text);
    },
    [announce],
  );
  const remove = useCallback((id: number): void => {
    setToasts((before) => before.filter((toast) => toast.id !== id));
  }, []);

  return (
    <ToastContext value={show}>
      {children}
      {toasts.length > 0 && (
        <section className="toasts" aria-label={parts.notices}>
          {toasts.map((toast) => (
            <ToastCard key={toast.id} toast={toast} onRemove={remove} />
          ))}
        </section>
      )}
    </ToastContext>
  );
}

export function useToast(): (toast: Toast) => void {
  return useContext(ToastContext);
}

interface ToastCardProps {
  toast: ShownToast;
  onRemove: (id: number) => void;
}

/** Goes by itself, but not while the pointer or the focus is on it. */
function ToastCard({ toast, onRemove }: ToastCardProps) {
  const { parts } = useMessages();
  const { id, text, action, seconds = SECONDS_SHOWN } = toast;
  const [isHovered, setIsHovered] = useState(false);
  const [isFocused, setIsFocused] = useState(false);
  const cameFrom = useRef<HTMLElement | null>(null);
  const isHeld = isHovered || isFocused;

  useEffect(() => {
    if (isHeld) return undefined;
    const timer = window.setTimeout(() => onRemove(id), seconds * 1000);
    return () => window.clearTimeout(timer);
  }, [isHeld, id, seconds, onRemove]);

  const close = (): void => {
    cameFrom.current?.focus();
    onRemove(id);
  };
  const onFocus = ({ relatedTarget, currentTarget }: FocusEvent): void => {
    setIsFocused(true);
    if (relatedTarget instanceof HTMLElement && !currentTarget.contains(relatedTarget)) {
      cameFrom.current = relatedTarget;
    }
  };

  return (
    <div
      className="toast"
      onPointerEnter={() => setIsHovered(true)}
      onPointerLeave={() => setIsHovered(false)}
      onFocus={onFocus}
      onBlur={() => setIsFocused(false)}
    >
      <p>{text}</p>
      {action !== undefined && (
        <Button
          className="btn sm"
          onPress={() => {
            close();
            action.onPress();
          }}
        >
          {action.label}
        </Button>
      )}
      <IconButton icon="close" name={parts.close} isSmall onPress={close} />
    </div>
  );
}
