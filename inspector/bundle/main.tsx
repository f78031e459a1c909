// The page inside a bundle: reads its own lines, says what they are worth, and shows them with the inspector of the page
// aboard. Opened from a stick, with no network and nobody to ask.
import '../style/tokens.css';
import '../style/base.css';
import '../style/controls.css';
import '../shell/shell.css';
import './saved.css';
import { signal } from '@preact/signals';
import { render } from 'preact';
import { bundleElementId } from '../../machines/bundle.ts';
import { createAddress } from '../browser/address.ts';
import { createClock } from '../browser/clock.ts';
import { createStorage } from '../browser/storage.ts';
import { MachinesPage } from '../machines/MachinesPage.tsx';
import { createPalette } from '../shell/palette.ts';
import { routeOf } from '../shell/routes.ts';
import { readBundle } from './read.ts';
import { SavedBar } from './SavedBar.tsx';
import { createSavedSource } from './saved-source.ts';
import { tell } from './told.ts';

const place = document.getElementById('page');

async function show(into: Element): Promise<void> {
  const bundle = await readBundle(document.getElementById(bundleElementId)?.textContent ?? '');
  const told = tell(bundle);
  const source = createSavedSource(bundle, told.notes);
  const address = createAddress();
  const at = signal(placeOf(address.hash()));
  address.onChange(() => {
    at.value = placeOf(address.hash());
  });
  const palette = createPalette(document.documentElement, createStorage());
  // Time stands still where the log ended: what was due in ten seconds then is not overdue by a year now.
  const endMs = bundle.records.at(-1)?.at ?? bundle.header.made;
  const clock = { ...createClock(), now: () => endMs, nowMs: () => endMs };
  address.title(`tender, saved ${new Date(bundle.header.made).toISOString().slice(0, 10)}`);
  function Page() {
    return (
      <>
        <SavedBar told={told} palette={palette} />
        <MachinesPage
          source={source}
          clock={clock}
          place={at.value}
          navigate={(next) => address.replace(`#/machines${next}`)}
        />
      </>
    );
  }
  render(<Page />, into);
}

function placeOf(hash: string): string {
  const route = routeOf(hash);
  return route.page === 'machines' ? route.place : '';
}

if (place)
  show(place).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    render(
      <main class="plain-message">
        <h1>This bundle cannot be shown</h1>
        <p role="alert">{message}</p>
      </main>,
      place,
    );
  });
