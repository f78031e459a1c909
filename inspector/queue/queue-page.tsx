// The crew's page: how things stand, what goes and in which order, and how to add more. Made once by main.tsx with its
// store; it lives as long as somebody is signed in, also while the inspector is shown.
import { signal, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { App } from '../shell/app.ts';
import { Icon } from '../shell/icons.tsx';
import { createAddingDesk } from './adding.ts';
import { AddingList } from './adding-list.tsx';
import { Banner, GoneBanner } from './banner.tsx';
import { CancelDialog } from './cancel-dialog.tsx';
import { Cards } from './cards.tsx';
import { createCommands } from './commands.ts';
import { type Queue, QueueProvider, useQueue } from './context.ts';
import { listenForDrops } from './dropping.ts';
import { LinksPanel } from './links-panel.tsx';
import { QueueList } from './list.tsx';
import { Notices } from './notices.tsx';
import { openQueue } from './store.ts';
import { Toolbar } from './toolbar.tsx';

/** Opens the feed and everything that hangs on it. `close` ends it: nobody is signed in any more. */
export function createQueue(app: App): Queue & { close(): void } {
  const store = openQueue(app);
  const adding = createAddingDesk({
    http: app.http,
    news: store.news,
    take: store.take,
    frame: app.clock.frame,
  });
  return {
    ...{ app, store, adding, commands: createCommands(app.http, store) },
    ...{ open: signal(null), cancelling: signal(null) },
    close: store.close,
  };
}

/** What must stand before everything else on the page. */
export function QueueAlarm({ queue }: { readonly queue: Queue }) {
  return (
    <QueueProvider value={queue}>
      <Banner first />
    </QueueProvider>
  );
}

export function QueuePage({ queue }: { readonly queue: Queue }) {
  return (
    <QueueProvider value={queue}>
      <Page />
    </QueueProvider>
  );
}

function Page() {
  const { app, store, adding } = useQueue();
  const over = useSignal(false);
  useEffect(
    () =>
      listenForDrops(document, {
        onOver: (now) => {
          over.value = now;
        },
        onFiles: (files) => {
          if (store.addingBlocked.value === '') adding.add(files);
          else store.news.say('error', store.addingBlocked.value);
        },
      }),
    [],
  );
  useSignalEffect(() => {
    const decisions = store.status.value.states.parked ?? 0;
    const name = app.yacht.value === '' ? 'tender' : `tender · ${app.yacht.value}`;
    app.address.title(decisions > 0 ? `(${decisions}) ${name}` : name);
  });
  const stale = app.stream.value.is === 'trying';
  return (
    <main class="queue">
      <GoneBanner />
      <div class={stale ? 'queue-body stale' : 'queue-body'}>
        <Banner first={false} />
        <div class="queue-inner">
          <Cards />
          <LinksPanel />
          <Toolbar />
          <AddingList />
          <QueueList />
          <p class="queue-hint quiet">
            Drop files anywhere, or add files: safe aboard at once, even with no link.
          </p>
        </div>
      </div>
      <CancelDialog />
      <Notices />
      {over.value ? (
        <div class="drop-veil" aria-hidden="true">
          <Icon name="arrive" />
          Drop to bring aboard
        </div>
      ) : null}
    </main>
  );
}
