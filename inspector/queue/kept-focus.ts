// A row that moves to another place in the list takes its buttons out of the document for a moment, and with them the focus
// of who pressed one. This gives it back, so that "Up, Up, Up" works from the keyboard. Newer browsers move without that
// (moveBefore, which Preact uses where it is); tablets aboard are seldom new.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** A ref for the element whose focus is kept over its own redrawings. */
export function useKeptFocus() {
  const within = useRef<HTMLDivElement>(null);
  const last = useRef<HTMLElement | null>(null);
  useEffect(() => {
    const page = document;
    const remember = ({ target }: FocusEvent) => {
      last.current = target instanceof HTMLElement && within.current?.contains(target) ? target : null;
    };
    // Who clicks beside everything has let go on purpose.
    const forget = () => {
      last.current = null;
    };
    page.addEventListener('focusin', remember);
    page.addEventListener('pointerdown', forget);
    return () => {
      page.removeEventListener('focusin', remember);
      page.removeEventListener('pointerdown', forget);
    };
  }, []);
  useLayoutEffect(() => {
    if (last.current?.isConnected && document.activeElement === document.body) last.current.focus();
  });
  return within;
}
