import { useEffect, useRef, useState } from "react";

/**
 * The whole page takes dropped and pasted files. Returns whether files are held over it. While a
 * dialog is open nothing is taken.
 */
export function useFileDrop(onFiles: (files: File[]) => void): boolean {
  const [isOver, setIsOver] = useState(false);
  const later = useRef(onFiles);
  useEffect(() => {
    later.current = onFiles;
  });

  useEffect(() => {
    let depth = 0;
    const change = (next: number): void => {
      depth = next;
      setIsOver(next > 0);
    };
    const onEnter = (event: DragEvent): void => {
      if (hasFiles(event.dataTransfer)) change(depth + 1);
    };
    const onLeave = (event: DragEvent): void => {
      if (hasFiles(event.dataTransfer)) change(Math.max(0, depth - 1));
    };
    const onOver = (event: DragEvent): void => {
      // Without this the browser would leave the page and open the file.
      if (hasFiles(event.dataTransfer)) event.preventDefault();
    };
    const onDrop = (event: DragEvent): void => {
      if (!hasFiles(event.dataTransfer)) return;
      event.preventDefault();
      change(0);
      take(event.dataTransfer, later.current);
    };
    const onPaste = (event: ClipboardEvent): void => {
      if (!hasFiles(event.clipboardData) || hasText(event.clipboardData)) return;
      event.preventDefault();
      take(event.clipboardData, later.current);
    };
    document.addEventListener("dragenter", onEnter);
    document.addEventListener("dragleave", onLeave);
    document.addEventListener("dragover", onOver);
    document.addEventListener("drop", onDrop);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("dragenter", onEnter);
      document.removeEventListener("dragleave", onLeave);
      document.removeEventListener("dragover", onOver);
      document.removeEventListener("drop", onDrop);
      document.removeEventListener("paste", onPaste);
    };
  }, []);
  return isOver;
}

function hasFiles(transfer: DataTransfer | null): transfer is DataTransfer {
  return transfer?.types.includes("Files") === true;
}

/** Office programs put a picture of the text beside the text: then the text is meant. */
function hasText(transfer: DataTransfer): boolean {
  return transfer.types.includes("text/plain");
}

function take({ files }: DataTransfer, onFiles: (files: File[]) => void): void {
  const isCovered = document.querySelector(".scrim") !== null;
  if (files.length > 0 && !isCovered) onFiles([...files]);
}
