// One titled part of a pane; its content can be folded away.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

export interface PanelProps {
  readonly title: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ title, aside, children }: PanelProps) {
  const id = useId();
  const open = useSignal(true);
  return (
    <section class="part" aria-labelledby={id}>
      <div class="part-head">
        <h2 id={id} class="part-title">
          <button
            type="button"
            class="part-fold"
            aria-expanded={open.value}
            onClick={() => {
              open.value = !open.value;
            }}
          >
            <svg class={open.value ? 'fold open' : 'fold'} viewBox="0 0 12 12" aria-hidden="true">
              <path d="M4 2l4 4-4 4" />
            </svg>
            {title}
          </button>
        </h2>
        {aside}
      </div>
      {open.value ? <div class="part-body">{children}</div> : null}
    </section>
  );
}
