// The frame both pages live in: the bar on top, then what must be known before anything else, then the page.
import type { ComponentChildren } from 'preact';
import type { App } from './app.ts';
import { Login } from './login.tsx';
import { type LoadMachines, Machines } from './machines.tsx';
import { TopBar } from './top-bar.tsx';

export interface ShellProps {
  readonly app: App;
  readonly loadMachines: LoadMachines;
  /** The queue page, given by main.tsx. */
  readonly queue: () => ComponentChildren;
  /** What must stand before everything else, on every page. */
  readonly alarm: () => ComponentChildren;
}

export function Shell({ app, loadMachines, queue, alarm }: ShellProps) {
  const { page } = app.route.value;
  const session = app.session.value;
  if (session === null || page === 'login')
    return (
      <>
        <TopBar app={app} />
        <Login app={app} />
      </>
    );
  if (session === undefined)
    return (
      <>
        <TopBar app={app} />
        <main class="plain-message">
          <p role="status">
            {app.stream.value.is === 'trying' ? 'The daemon does not answer, trying again.' : ''}
          </p>
        </main>
      </>
    );
  return (
    <>
      {alarm()}
      <TopBar app={app} />
      {page === 'machines' ? <Machines app={app} load={loadMachines} /> : queue()}
    </>
  );
}
