// A button that stays where it is when it cannot work: disabled with its reason, not hidden, and it keeps the focus.
import type { ComponentChildren } from 'preact';

export interface ButtonProps {
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  /** Why it does nothing now; '' when it works. */
  readonly blocked?: string;
  /** What it is called when the words on it do not say it all. */
  readonly label?: string;
  readonly look?: 'primary' | 'danger' | 'plain';
  readonly pressed?: boolean;
  readonly expanded?: boolean;
  readonly controls?: string;
}

export function Button(props: ButtonProps) {
  const { onClick, children, blocked = '', label, look, pressed, expanded, controls } = props;
  return (
    <button
      type="button"
      class={look ? `button ${look}` : 'button'}
      aria-disabled={blocked === '' ? undefined : true}
      title={blocked === '' ? undefined : blocked}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      aria-controls={expanded ? controls : undefined}
      onClick={() => {
        if (blocked === '') onClick();
      }}
    >
      {children}
    </button>
  );
}
