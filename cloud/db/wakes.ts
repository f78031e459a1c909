// Hints from PostgreSQL's LISTEN/NOTIFY: a device has new notices, or a newer session, or was revoked, written by whatever
// process. One connection of its own; when it breaks it comes back by itself, and says so, because what was
// notified meanwhile is lost.
import pg from 'pg';
import type { Clock, Wakes } from '../ports.ts';
import { appRole } from './database.ts';

export interface PostgresWakes extends Wakes {
  close(): Promise<void>;
}

/** Between two tries to come back. Hints are only hints: nobody waits for this. */
const reconnectMs = 1_000;
const connectMaxMs = 5_000;
type Watcher = (deviceId: string) => void;

export function createPostgresWakes(ports: {
  readonly url: string;
  readonly clock: Clock;
  /** Called whenever listening begins, also after each break: whoever waits for hints must ask once now. */
  readonly onListening?: () => void;
}): PostgresWakes {
  const watchers: Record<'tender_notice' | 'tender_device', Set<Watcher>> = {
    tender_notice: new Set(),
    tender_device: new Set(),
  };
  let client: pg.Client | undefined;
  let cancelRetry: (() => void) | undefined;
  let closed = false;

  async function connect(): Promise<void> {
    const fresh = new pg.Client({
      connectionString: ports.url,
      application_name: 'tender wakes',
      options: `-c role=${appRole}`,
      keepAlive: true,
      connectionTimeoutMillis: connectMaxMs,
    });
    let down = false;
    const lost = () => {
      if (down) return;
      down = true;
      client = undefined;
      fresh.end().catch(() => {});
      if (!closed) cancelRetry = ports.clock.after(reconnectMs, () => void connect());
    };
    fresh.on('error', lost);
    fresh.on('end', lost);
    fresh.on('notification', ({ channel, payload }) => {
      if (channel === 'tender_notice' || channel === 'tender_device')
        for (const run of watchers[channel]) run(payload ?? '');
    });
    client = fresh;
    try {
      await fresh.connect();
      await fresh.query('listen tender_notice; listen tender_device');
      ports.onListening?.();
    } catch {
      lost();
    }
  }

  const watch = (channel: keyof typeof watchers) => (run: Watcher) => {
    watchers[channel].add(run);
    return () => void watchers[channel].delete(run);
  };
  void connect();
  return {
    onNotice: watch('tender_notice'),
    onDevice: watch('tender_device'),
    async close() {
      closed = true;
      cancelRetry?.();
      await client?.end().catch(() => {});
    },
  };
}
