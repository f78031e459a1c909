// The few pictures of the page, drawn as strokes in the colour of the text beside them. Always beside a word or a label,
// so they are hidden from readers.

const paths = {
  day: 'M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4M8 12a4 4 0 1 0 8 0 4 4 0 0 0-8 0',
  dusk: 'M3 18h18M6 14a6 6 0 0 1 12 0M12 4v2M4.9 7 6.3 8.4M19.1 7l-1.4 1.4M8 21h8',
  night: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  add: 'M12 5v14M5 12h14',
  pause: 'M8.5 5.5v13m7-13v13',
  play: 'M8 5.5v13l10.5-6.5Z',
  up: 'm6 14 6-6 6 6',
  down: 'm6 10 6 6 6-6',
  top: 'M6 5h12M6 16l6-6 6 6',
  close: 'm6 6 12 12M18 6 6 18',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  warn: 'M12 4 2.5 20h19L12 4Zm0 6v4.5m0 2.6v.1',
  stop: 'M8 3h8l5 5v8l-5 5H8l-5-5V8Zm4 4.5V13m0 3v.1',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v5.5m0-8.6v.1',
  retry: 'M20 11.5a8 8 0 1 0-2 5.8M20 5v6.5h-6.5',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm5-1.5L21 21',
  more: 'M5.5 12h.1M12 12h.1m6.4 0h.1',
  grip: 'M9 6h.1M15 6h.1M9 12h.1M15 12h.1M9 18h.1M15 18h.1',
  arrive: 'M12 4v11m-5-4.5 5 5 5-5M4.5 20h15',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
