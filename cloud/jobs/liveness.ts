// Which workers are alive. Each worker holds an advisory lock under its id, on one connection of its process: PostgreSQL
// frees it the moment the process or its machine is gone, which no heartbeat row can do. Jobs locked by a worker without
// such a lock are unlocked at once (graphile-worker alone waits four hours). Used by cloud/jobs/worker.ts.
import type pg from 'pg';

/** First key of the advisory locks: 'tenw' in ASCII. */
const lockClass = 0x74656e77;
/** A worker takes its lock within this of its first job; younger locks of jobs are left alone. */
const graceMs = 2000;

export interface Liveness {
  /** Says that this worker lives, until the connection ends. */
  announce(workerId: string): Promise<void>;
  /** Unlocks the jobs of dead workers; answers their ids. */
  unlockDead(): Promise<readonly string[]>;
  /** Resolves when the connection is lost: nobody can see any more that we live. */
  readonly lost: Promise<void>;
  close(): void;
}

export async function openLiveness(pool: pg.Pool): Promise<Liveness> {
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
  return {
    lost,
    async announce(workerId) {
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
    close() {
      client.removeListener('end', end);
      // Destroyed, not given back: the locks end with the connection.
      client.release(true);
    },
  };
}
