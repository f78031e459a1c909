// Keeps the PostgreSQL that comes with tender running while a cloud uses it: looks once a second whether its process is
// there, and starts it again when it is not. Its connection string stays the same. Used by cloud/database-server.ts.

import type { CloudLog } from '../log.ts';
import { startPostgres } from '../postgres/server.ts';

export interface KeptPostgres {
  readonly url: string;
  /** Found running, not started here: another process uses it, or one was killed. */
  readonly adopted: () => boolean;
  /** No longer looks after it; with `stop` it is also ended. */
  close(options: { readonly stop: boolean }): Promise<void>;
}

const lookEveryMs = 1000;

export async function keepPostgres(dataDirectory: string, log: CloudLog | undefined): Promise<KeptPostgres> {
  let server = await startPostgres({ dataDirectory });
  const url = server.url();
  let closed = false;
  let restarting: Promise<void> = Promise.resolve();
  let busy = false;

  const restart = async () => {
    busy = true;
    log?.warn({ code: 'postgres.gone', pid: server.pid }, 'the embedded PostgreSQL ended: starting it again');
    try {
      server = await startPostgres({ dataDirectory });
      log?.info(
        { code: 'postgres.back', pid: server.pid, adopted: server.adopted },
        'the embedded PostgreSQL is back',
      );
    } catch (error) {
      log?.error({ code: 'postgres.failed', err: error }, 'the embedded PostgreSQL does not start');
    } finally {
      busy = false;
    }
  };
  const look = setInterval(() => {
    if (!busy && !closed && !alive(server.pid)) restarting = restart();
  }, lookEveryMs);
  return {
    url,
    adopted: () => server.adopted,
    async close({ stop }) {
      closed = true;
      clearInterval(look);
      await restarting;
      if (stop) await server.stop();
    },
  };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
