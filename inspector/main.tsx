// The page served aboard: builds the ports of a real browser, asks who looks, and starts the shell in the element the HTML
// keeps for it.
import './style/tokens.css';
import './style/base.css';
import './style/controls.css';
import './shell/shell.css';
import './queue/queue.css';
import { effect, untracked } from '@preact/signals';
import { render } from 'preact';
import { createAddress } from './browser/address.ts';
import { createClock } from './browser/clock.ts';
import { createHttp } from './browser/http.ts';
import { sendFile } from './browser/send-file.ts';
import { sessionPlace } from './browser/session-place.ts';
import { createStorage } from './browser/storage.ts';
import { openStream } from './browser/stream.ts';
import { createQueue, QueueAlarm, QueuePage } from './queue/queue-page.tsx';
import { createApp } from './shell/app.ts';
import type { LoadMachines, MachinesModule } from './shell/machines.tsx';
import { createPalette } from './shell/palette.ts';
import { Shell } from './shell/shell.tsx';

const place = document.getElementById('page');
/** Patterns, so that the page also builds where the inspector was left out. */
const parts = Object.values(import.meta.glob<Partial<MachinesModule>>(['./machines/live.ts']));
const loadMachines: LoadMachines =
  parts.length < 1
    ? undefined
    : async () => Object.assign({}, ...(await Promise.all(parts.map((load) => load())))) as MachinesModule;

if (place) {
  // Relative to where the page lies: a proxy may put it below a path.
  const base = new URL('.', document.baseURI).pathname;
  const clock = createClock();
  const storage = createStorage();
  const address = createAddress();
  const elsewhere = sessionPlace(base, storage);
  const app = createApp({
    http: createHttp(base, sendFile),
    clock,
    storage,
    address,
    palette: createPalette(document.documentElement, storage),
    openStream: (options) => openStream({ base, clock, page: document }, options),
  });
  // One feed for as long as somebody is signed in; the inspector beside it keeps the yacht's name and the alarm alive.
  let queue: ReturnType<typeof createQueue> | undefined;
  effect(() => {
    const signedIn = Boolean(app.session.value);
    if (signedIn && !queue) queue = untracked(() => createQueue(app));
    if (signedIn || !queue) return;
    queue.close();
    queue = undefined;
  });
  if (elsewhere === undefined) void app.checkSession();
  else address.move(elsewhere);
  render(
    <Shell
      app={app}
      loadMachines={loadMachines}
      queue={() => (queue ? <QueuePage queue={queue} /> : null)}
      alarm={() => (queue ? <QueueAlarm queue={queue} /> : null)}
    />,
    place,
  );
}
