// Which workers are alive. Each worker holds an advisory lock under its id, on one connection of its process: PostgreSQL
// frees it the moment the process or its machine is gone, which no heartbeat row can do. Jobs locked by a worker without
// such a lock are unlocked at once (graphile-worker alone waits four hours). Used by cloud/jobs/worker.ts.
import type pg from 'pg';
import type { Clock } from '../ports.ts';

/** First key of the advisory locks: 'tenw' in ASCII. */
const lockClass = 0x74656e77;
/** A worker takes its lock within this of its first job; younger locks of jobs are left alone. */
const graceMs = 2000;
/** The library says that it has stopped before its last job is written off: waited for so long. */
const settleMaxMs = 2000;
const settleLookMs = 20;

export interface Liveness {
  /** Says that this worker lives, until the connection ends. */
  announce(workerId: string): Promise<void>;
  /** Unlocks the jobs of dead workers; answers their ids. */
  unlockDead(): Promise<readonly string[]>;
  /** After the workers announced here have stopped: waits until their last jobs are written off, unlocks what is left. */
  settle(): Promise<void>;
  /** Resolves when the connection is lost: nobody can see any more that we live. */
  readonly lost: Promise<void>;
  close(): void;
}

export async function openLiveness(pool: pg.Pool, clock: Clock): Promise<Liveness> {
  const client = await pool.connect();
  let end = () => {};
  const lost = new Promise<void>((resolve) => {
    end = resolve;
  });
  client.on('error', end);
  client.on('end', end);
  // A machine that loses its power says no goodbye: the server finds out within a minute.
  await client.query(
    'set tcp_keepalives_idle = 20; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 4',
  );
  const announced: string[] = [];
  return {
    lost,
    async announce(workerId) {
      announced.push(workerId);
      await client.query('select pg_advisory_lock_shared($1, hashtext($2))', [lockClass, workerId]);
    },
    async unlockDead() {
      const found = await client.query<{ locked_by: string }>(
        `select distinct j.locked_by from graphile_worker._private_jobs j
         where j.locked_at < now() - make_interval(secs => $2::float8 / 1000)
           and not exists (
             select from pg_locks l
             where l.locktype = 'advisory' and l.granted and l.objsubid = 2
               and l.database = (select oid from pg_database where datname = current_database())
               and l.classid = $1::bigint::oid
               and l.objid = (hashtext(j.locked_by)::bigint & 4294967295)::oid
           )`,
        [lockClass, graceMs],
      );
      const ids = found.rows.map((row) => row.locked_by);
      if (ids.length > 0)
        await client.query('select graphile_worker.force_unlock_workers($1::text[])', [ids]);
      return ids;
    },
    async settle() {
      for (let waitedMs = 0; waitedMs < settleMaxMs; waitedMs += settleLookMs) {
        const held = await client.query(
          'select from graphile_worker._private_jobs where locked_by = any($1)',
          [announced],
        );
        if (held.rowCount === 0) return;
        await new Promise<void>((resolve) => void clock.after(settleLookMs, resolve));
      }
      await client.query('select graphile_worker.force_unlock_workers($1::text[])', [announced]);
    },
    close() {
      client.removeListener('end', end);
      // Destroyed, not given back: the locks end with the connection.
      client.release(true);
    },
  };
}
