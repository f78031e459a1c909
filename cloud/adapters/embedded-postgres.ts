// Keeps the PostgreSQL that comes with tender running while a process of ours uses it: looks once a second whether it is
// there, and starts it again when it is not. Its connection string stays the same. Who is last stops it: every user holds
// one idle connection, and whoever leaves looks for those of others. Used by cloud/database-server.ts.
import pg from 'pg';
import type { CloudLog } from '../log.ts';
import { startPostgres } from '../postgres/server.ts';

export interface KeptPostgres {
  readonly url: string;
  /** No longer looks after it; stops it when no other process of ours is connected. */
  close(): Promise<void>;
}

const lookEveryMs = 1000;
/** Our own connections, just closed, are gone from the server's list by then. */
const leaveMaxMs = 500;
const leaveLookMs = 25;

export async function keepPostgres(dataDirectory: string, log: CloudLog | undefined): Promise<KeptPostgres> {
  let server = await startPostgres({ dataDirectory });
  const url = server.url();
  let marker = await mark(url);
  let closed = false;
  let busy = false;
  let restarting: Promise<void> = Promise.resolve();

  const restart = async () => {
    busy = true;
    log?.warn({ code: 'postgres.gone', pid: server.pid }, 'the embedded PostgreSQL ended: starting it again');
    try {
      await marker.end().catch(() => {});
      server = await startPostgres({ dataDirectory });
      marker = await mark(url);
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
      await marker.end().catch(() => {});
      if (!shared) await server.stop();
    },
  };
}

/** The connection that says: this server is in use. */
async function mark(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'tender keeper' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function othersUse(marker: pg.Client): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += leaveLookMs) {
    try {
      const found = await marker.query(
        "select from pg_stat_activity where application_name like 'tender%' and pid <> pg_backend_pid()",
      );
      if (found.rowCount === 0) return false;
    } catch {
      // Not answering: then nobody uses it, and stopping it is all that is left to do.
      return false;
    }
    if (waitedMs >= leaveMaxMs) return true;
    await new Promise((resolve) => setTimeout(resolve, leaveLookMs));
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
