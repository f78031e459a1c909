// The worker's connections: as tender_jobs, which sees the queue and no document. Broken ones are replaced by themselves.
import pg from 'pg';
import type { CloudLog } from '../log.ts';

export function openJobsPool(url: string, concurrency: number, log: CloudLog): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    // One listens, one says that we live, the rest fetch and finish jobs.
    max: concurrency + 3,
    connectionTimeoutMillis: 5000,
    // A connection into the void must not hold the supervisor.
    query_timeout: 20_000,
    keepAlive: true,
    application_name: 'tender jobs',
    options: '-c role=tender_jobs',
  });
  const broken = (error: Error) =>
    log.warn({ code: 'database.broken', err: error }, 'a connection of the worker broke');
  pool.on('error', broken);
  // A client that breaks while it is lent raises on itself; graphile-worker hears of it through its query.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}
