// What stands above the inspector in a bundle: that this is a saved log and not a yacht, whether it can be trusted, and,
// folded, everything else that came along.
import type { Signal } from '@preact/signals';
import { Icon } from '../shell/icons.tsx';
import { type Palette, palettes } from '../shell/palette.ts';
import type { Told } from './told.ts';

const words: { readonly [palette in Palette]: string } = { day: 'Day', dusk: 'Dusk', night: 'Night' };

export function SavedBar({ told, palette }: { readonly told: Told; readonly palette: Signal<Palette> }) {
  return (
    <header class="saved">
      <div class="top">
        <p class="top-name">
          <strong>tender</strong> · saved log, nothing is sent from here
        </p>
        <fieldset class="top-palettes choices" aria-label="Palette">
          {palettes.map((one) => (
            <button
              key={one}
              type="button"
              class="button"
              aria-pressed={palette.value === one}
              onClick={() => {
                palette.value = one;
              }}
            >
              <Icon name={one} />
              <span class="top-palette-word">{words[one]}</span>
            </button>
          ))}
        </fieldset>
      </div>
      <details class="saved-about">
        <summary>
          <span>{told.made}</span>
          <span>{told.span}</span>
          {told.checks.map((check) => (
            <span key={check.text} class={check.ok ? 'saved-ok' : 'saved-bad'}>
              <Icon name={check.ok ? 'check' : 'warn'} /> {check.text}
            </span>
          ))}
        </summary>
        <div class="saved-parts">
          {told.parts.map(({ title, rows }) => (
            <section key={title} class="panel">
              <h2>{title}</h2>
              {rows.length === 0 ? <p>Nothing.</p> : null}
              <dl>
                {rows.map(([name, value], place) => (
                  <div key={place}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </details>
    </header>
  );
}
