// Keeps the PostgreSQL that comes with tender running while a process of ours uses it: looks once a second whether it is
// there, and starts it again when it is not. Its connection string stays the same. Who is last stops it: every user holds
// an advisory lock with the others, and whoever leaves tries to have it alone. Used by cloud/database-server.ts.
import pg from 'pg';
import { CloudError } from '../cloud-error.ts';
import type { CloudLog } from '../log.ts';
import { type PostgresServer, startPostgres } from '../postgres/server.ts';

export interface KeptPostgres {
  readonly url: string;
  /** No longer looks after it; stops it when no other process of ours is connected. */
  close(): Promise<void>;
}

const lookEveryMs = 1000;
const beginTriesMax = 30;
const beginPauseMs = 200;
/** The lock that says "in use": 'tenk' in ASCII. */
const useLock = 0x74656e6b;

export async function keepPostgres(dataDirectory: string, log: CloudLog | undefined): Promise<KeptPostgres> {
  let { server, marker } = await begin(dataDirectory);
  const url = server.url();
  let closed = false;
  let busy = false;
  let restarting: Promise<void> = Promise.resolve();

  const restart = async () => {
    busy = true;
    log?.warn({ code: 'postgres.gone', pid: server.pid }, 'the embedded PostgreSQL ended: starting it again');
    try {
      await marker.end().catch(() => {});
      ({ server, marker } = await begin(dataDirectory));
      log?.info({ code: 'postgres.back', pid: server.pid }, 'the embedded PostgreSQL is back');
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
    async close() {
      closed = true;
      clearInterval(look);
      await restarting;
      const shared = await othersUse(marker);
      if (!shared) await server.stop();
      await marker.end().catch(() => {});
    },
  };
}

/** Starts or joins it. One that is just being stopped by its last user ends our connection: then once more. */
async function begin(dataDirectory: string): Promise<{ server: PostgresServer; marker: pg.Client }> {
  for (let tries = 1; ; tries++) {
    try {
      const server = await startPostgres({ dataDirectory });
      return { server, marker: await mark(server.url()) };
    } catch (error) {
      const final = error instanceof CloudError && !/is shut down|shutting down/.test(error.message);
      if (final || tries === beginTriesMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, beginPauseMs));
    }
  }
}

/** The connection that says: this server is in use. */
async function mark(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'tender keeper' });
  client.on('error', () => {});
  await client.connect();
  await client.query('select pg_advisory_lock_shared($1)', [useLock]);
  return client;
}

/** Gives up our share of the lock; of several who leave at once exactly one finds nobody else. */
async function othersUse(marker: pg.Client): Promise<boolean> {
  try {
    await marker.query('select pg_advisory_unlock_shared($1)', [useLock]);
    const alone = await marker.query<{ alone: boolean }>('select pg_try_advisory_lock($1) as alone', [
      useLock,
    ]);
    return alone.rows[0]?.alone !== true;
  } catch {
    // Not answering: then nobody uses it, and stopping it is all that is left to do.
    return false;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
