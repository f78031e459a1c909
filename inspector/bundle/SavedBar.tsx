// What stands above the inspector in a bundle: that this is a saved log and not a yacht, whether it can be trusted, and,
// folded, everything else that came along.
import { type Signal, useSignal } from '@preact/signals';
import { Icon } from '../shell/icons.tsx';
import { type Palette, palettes } from '../shell/palette.ts';
import type { Told } from './told.ts';

const words: { readonly [palette in Palette]: string } = { day: 'Day', dusk: 'Dusk', night: 'Night' };

export function SavedBar({ told, palette }: { readonly told: Told; readonly palette: Signal<Palette> }) {
  const open = useSignal(false);
  return (
    <header class="saved">
      <p class="saved-name">
        <strong>tender</strong> · saved log, nothing is sent from here
      </p>
      <button
        type="button"
        class="saved-about"
        aria-expanded={open.value}
        aria-controls="saved-parts"
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name={open.value ? 'up' : 'down'} />
        <span>{told.made}</span>
        <span>{told.span}</span>
        {told.checks.map((check) => (
          <span key={check.text} class={check.ok ? 'saved-ok' : 'saved-bad'}>
            <Icon name={check.ok ? 'check' : 'warn'} />
            {check.text}
          </span>
        ))}
      </button>
      <fieldset class="top-palettes choices" aria-label="Palette">
        {palettes.map((one) => (
          <button
            key={one}
            type="button"
            class="button plain"
            aria-label={words[one]}
            title={words[one]}
            aria-pressed={palette.value === one}
            onClick={() => {
              palette.value = one;
            }}
          >
            <Icon name={one} />
          </button>
        ))}
      </fieldset>
      <section
        id="saved-parts"
        class="saved-parts"
        hidden={!open.value}
        aria-label="About this file"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to
        tabIndex={0}
      >
        {told.parts.map(({ title, rows }) => (
          <div key={title} class="panel">
            <h2>{title}</h2>
            <dl>
              {rows.map(([name, value], place) => (
                <div key={place}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </div>
        ))}
      </section>
    </header>
  );
}
