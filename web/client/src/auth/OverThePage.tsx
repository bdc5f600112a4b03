import { type ReactNode, useLayoutEffect, useRef } from "react";
import classes from "./SignIn.module.css";

/**
 * What is asked over a page that stays as it was.
 *
 * A dialog of the browser itself: everything else cannot be seen or used, dialogs and menus of the page included.
 */
export function OverThePage({ label, children }: { label: string; children: ReactNode }) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const { current } = box;
    current?.showModal();
    return () => current?.close(); // the focus goes back to where it was
  }, []);
  return (
    <dialog
      ref={box}
      aria-label={label}
      className={classes.over}
      onCancel={(event) => event.preventDefault()}
      onClose={() => box.current?.showModal()} // browsers close it at the second Esc
      onKeyDown={(event) => event.stopPropagation()} // keys of the page are not meant
    >
      {children}
    </dialog>
  );
}
