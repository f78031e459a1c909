// The bar on top of both pages: whose yacht, which page, which palette.
import type { App } from './app.ts';
import { Icon } from './icons.tsx';
import { type Palette, palettes } from './palette.ts';

const words: { readonly [palette in Palette]: string } = { day: 'Day', dusk: 'Dusk', night: 'Night' };

export function TopBar({ app }: { readonly app: App }) {
  const place = app.route.value.page;
  const session = app.session.value;
  const links = [
    { page: 'queue', href: '#/', text: 'Queue' },
    { page: 'machines', href: '#/machines', text: 'Machines' },
  ] as const;
  return (
    <header class="top">
      <p class="top-name">
        <strong>tender</strong>
        {app.yacht.value ? <span class="top-yacht"> · {app.yacht}</span> : null}
      </p>
      <nav class="top-pages choices" aria-label="Pages">
        {links.map(({ page, href, text }) => (
          <a key={page} class="button plain" href={href} aria-current={place === page ? 'page' : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <fieldset class="top-palettes choices" aria-label="Palette">
        {palettes.map((palette) => (
          <button
            key={palette}
            type="button"
            class="button"
            aria-pressed={app.palette.value === palette}
            onClick={() => {
              app.palette.value = palette;
            }}
          >
            <Icon name={palette} />
            <span class="top-palette-word">{words[palette]}</span>
          </button>
        ))}
      </fieldset>
      {session?.lan ? (
        <button type="button" class="button plain" onClick={() => void app.logout()}>
          Sign out
        </button>
      ) : null}
    </header>
  );
}
