// A daemon in the test's hand, behind the ports the page has: lists, answers and feed are what the test says. For tests of
// the store; that the real daemon speaks so is tested in test/browser/.
import { signal } from '@preact/signals';
import type { StreamOptions } from '../../../inspector/browser/stream.ts';
import { createApp } from '../../../inspector/shell/app.ts';
import { createHeldClock } from './held-clock.ts';

type Json = Readonly<Record<string, unknown>>;

export interface OpenedStream extends StreamOptions {
  closed: boolean;
}

export function createScriptedDaemon(uploads: readonly Json[]) {
  const clock = createHeldClock();
  const streams: OpenedStream[] = [];
  const asked: string[] = [];
  const daemon = {
    ...{ clock, streams, asked },
    uploads,
    head: 100,
    more: false,
    gone: false,
    status: {
      connection: { state: 'online', name: 'connected', isAvailable: true },
      degradation: 'none',
    } as Json,
    /** The stream that is open now. */
    get stream() {
      return streams.filter(({ closed }) => !closed).at(-1)!;
    },
    app: createApp({
      clock,
      http: {
        get: <T>(path: string) => answer(path) as Promise<T>,
        post: <T>(path: string) => answer(path) as Promise<T>,
        put: <T>(path: string) => answer(path) as Promise<T>,
        delete: <T>(path: string) => answer(path) as Promise<T>,
        upload: <T>(_: string, path: string) => answer(path) as Promise<T>,
      },
      storage: { read: () => undefined, write: () => {} },
      address: { hash: () => '', go() {}, replace() {}, move() {}, onChange: () => () => {}, title() {} },
      palette: signal('day'),
      openStream(options) {
        const stream = { ...options, closed: false };
        streams.push(stream);
        options.onState({ is: 'live' });
        return {
          retry() {},
          close() {
            stream.closed = true;
          },
        };
      },
    }),
    /** Lets promises settle. */
    settle: async () => {
      for (let i = 0; i < 20; i++) await Promise.resolve();
    },
  };

  async function answer(path: string): Promise<unknown> {
    asked.push(path);
    if (daemon.gone) throw new Error('nobody answers');
    if (path === 'v1/session') return { role: 'engineer', by: 'engineer@test', lan: false };
    if (path === 'v1/status') return daemon.status;
    const ids = /ids=([^&]*)/.exec(path)?.[1]?.split(',');
    const state = /state=(\w+)/.exec(path)?.[1];
    const items = daemon.uploads.filter(
      (one) => (!ids || ids.includes(String(one.id))) && (!state || one.state === state),
    );
    if (path.startsWith('v1/uploads')) return { items, more: daemon.more, head: daemon.head };
    return {};
  }
  return daemon;
}
