// The way in for `tender add`: bytes into the spool, then the record that queues them. At the start the spool is swept for
// what a crash left between the two; with 100,000 documents that takes seconds, so it runs beside everything else and
// only what comes in waits for it.
import { mintUlid } from '../../cloud/contract/ids.ts';
import type { Aboard } from '../api/aboard.ts';
import { TenderError } from '../errors.ts';
import type { Spool } from '../files/spool.ts';
import type { Tracker } from '../files/tracker.ts';
import type { Host } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Clock, Random } from '../ports.ts';

export interface Intake {
  /** Begins the sweep; `add` waits for its end. */
  start(): void;
  readonly add: Aboard['add'];
  /** From now on nothing is taken in; resolves when the sweep has let go. */
  stop(): Promise<void>;
}

export function createIntake(ports: {
  readonly spool: Spool;
  readonly tracker: Tracker;
  readonly host: Pick<Host, 'read'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Intake {
  const { spool, tracker, host, clock, random, log } = ports;
  let swept: Promise<void> = Promise.resolve();
  let stopping = false;

  async function sweep(): Promise<void> {
    const { orphans, removed } = await spool.sweep(
      async (id) => (await host.read(`upload/${id}`)) !== undefined,
    );
    if (stopping) return;
    await tracker.adopt(orphans);
    if (orphans.length + removed > 0)
      log({ level: 'info', message: 'The spool was put in order.', adopted: orphans.length, removed });
  }

  return {
    start() {
      swept = sweep();
      swept.catch((error: unknown) => {
        if (stopping) return;
        log({
          level: 'error',
          code: 'TENDER_SPOOL_WRITE_FAILED',
          message: `The spool could not be looked through; adding waits for a restart: ${String((error as Error).message)}`,
        });
      });
    },
    async add({ name, priority, sizeBytes }, bytes) {
      if (stopping)
        throw new TenderError(
          'TENDER_AGENT_STOPPING',
          'The agent is stopping: add the file again when it runs.',
        );
      if (tracker.inventoryOwed)
        throw new TenderError(
          'TENDER_INVENTORY_OWED',
          'The log was rebuilt: the agent first asks the cloud what it has. Add the file again once the link is up.',
        );
      await swept;
      const uploadId = mintUlid(clock.wallMs(), random.bytes(10));
      const about = { name, priority, addedMs: Math.floor(clock.wallMs()) };
      const spooled = await spool.receive(uploadId, about, bytes, sizeBytes);
      // When the log refuses, the bytes stay: whether the record was kept is not known, and the next sweep finds out.
      await tracker.added(spooled);
      return uploadId;
    },
    async stop() {
      stopping = true;
      await swept.catch(() => undefined);
    },
  };
}
