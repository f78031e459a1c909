// The inspector is a page of its own weight: it is fetched when somebody goes there, and a queue page never pays for it.
// Called by the shell. The files it loads belong to inspector/machines.
import { useSignal, useSignalEffect } from '@preact/signals';
import type { ComponentType } from 'preact';
import type { MachinesPageProps } from '../machines/MachinesPage.tsx';
import type { HistorySource } from '../machines/source.ts';
import type { App } from './app.ts';

/** What inspector/machines/MachinesPage.tsx and inspector/machines/live-source.ts export. */
export interface MachinesModule {
  readonly MachinesPage: ComponentType<MachinesPageProps>;
  /** The daemon's history over the page's own ports: `http`, `openStream`, `clock`, `session`. */
  readonly createLiveSource: (app: App) => HistorySource;
}

/** Undefined where a build has no inspector. */
export type LoadMachines = (() => Promise<MachinesModule>) | undefined;

/** One source for as long as the page is open: going to the queue and back keeps what was loaded. */
let kept: { readonly module: MachinesModule; readonly source: HistorySource } | undefined;

export function Machines({ app, load }: { readonly app: App; readonly load: LoadMachines }) {
  const loaded = useSignal(kept);
  const problem = useSignal(load ? '' : 'This build has no inspector.');
  useSignalEffect(() => {
    if (!load || kept) return;
    load().then(
      (module) => {
        kept = { module, source: module.createLiveSource(app) };
        loaded.value = kept;
      },
      () => {
        problem.value = 'The inspector could not be loaded: the daemon did not answer. Reload the page.';
      },
    );
  });
  const route = app.route.value;
  if (loaded.value && route.page === 'machines') {
    const { MachinesPage } = loaded.value.module;
    return (
      <MachinesPage
        source={loaded.value.source}
        clock={app.clock}
        place={route.place}
        navigate={(place) => app.address.replace(`#/machines${place}`)}
      />
    );
  }
  return (
    <main class="plain-message">
      <p role="status">{problem.value || 'Loading the inspector …'}</p>
    </main>
  );
}
