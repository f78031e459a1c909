// Day, dusk and night: which of the three is on, and how it is remembered. `public/palette.js` sets the same attribute
// before the first paint.
import { effect, type Signal, signal } from '@preact/signals';
import type { Storage } from '../browser/storage.ts';

export const palettes = ['day', 'dusk', 'night'] as const;
export type Palette = (typeof palettes)[number];

/** The element that carries `data-palette`. */
export interface PaletteRoot {
  readonly dataset: Record<string, string | undefined>;
}

/** The palette the first script has set, as a signal that writes back to the page and to the browser's memory. */
export function createPalette(root: PaletteRoot, storage: Storage): Signal<Palette> {
  const first = root.dataset.palette;
  const palette = signal<Palette>(palettes.find((one) => one === first) ?? 'day');
  effect(() => {
    if (root.dataset.palette === palette.value) return;
    root.dataset.palette = palette.value;
    storage.write('palette', palette.value);
  });
  return palette;
}
