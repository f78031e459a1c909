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
  readonly queue: ComponentChildren;
}

export function Shell({ app, loadMachines, queue }: ShellProps) {
  const { page } = app.route.value;
  const session = app.session.value;
  const needsLogin = session === null || page === 'login';
  return (
    <>
      <TopBar app={app} />
      {needsLogin ? (
        <Login app={app} />
      ) : page === 'machines' ? (
        <Machines app={app} load={loadMachines} />
      ) : (
        queue
      )}
    </>
  );
}
