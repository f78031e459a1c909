// When log and cloud may disagree about versions (a rebuilt log, a number that the cloud gave to something else): none is
// assigned before the cloud has said what it has. Notes the debt so that no crash loses it, pays it as soon as the line is open, then lets the folders be scanned.
import type { InventoryItem } from '../files/reconcile.ts';
import type { Tracker } from '../files/tracker.ts';
import type { Watcher } from '../files/watcher.ts';
import type { Host, RecoveryReport } from '../host/contract.ts';
import type { Log } from '../log-line.ts';
import type { Clock } from '../ports.ts';

/** Row that says for which rebuilt log the debt was already noted. */
const rebuiltRow = 'daemon/rebuilt';
/** Between two attempts over one open line. */
const retryMs = 5_000;

export interface Inventory {
  /** After host.open(), before anything may be sighted or added. */
  note(report: RecoveryReport): Promise<void>;
  /** The cloud refused a number that the log thought free. */
  owe(): Promise<void>;
  /** The line is open. Returns at once when nothing is owed. */
  take(): Promise<void>;
  stop(): void;
}

export function createInventory(ports: {
  readonly host: Pick<Host, 'row' | 'putRows' | 'history'>;
  readonly tracker: Tracker;
  readonly watcher: Pick<Watcher, 'rescan'>;
  readonly clock: Clock;
  readonly log: Log;
  pages(): AsyncIterable<readonly InventoryItem[]>;
  isOpen(): boolean;
}): Inventory {
  const { host, tracker, watcher, clock, log } = ports;
  let taking = false;
  let stopped = false;
  let cancelRetry = () => {};

  async function take(): Promise<void> {
    if (!tracker.inventoryOwed || taking || stopped || !ports.isOpen()) return;
    taking = true;
    try {
      await tracker.reconcile(ports.pages());
      log({
        level: 'info',
        message: 'The inventory of the cloud is taken: versions go on from its numbers.',
      });
      await watcher.rescan();
    } catch (error) {
      const reason =
        error instanceof Error ? error.message : String((error as { message?: unknown }).message);
      log({ level: 'warning', message: `The inventory could not be taken: ${reason}` });
      cancelRetry = clock.after(retryMs, () => void take());
    } finally {
      taking = false;
    }
  }

  return {
    async note(report) {
      await tracker.open();
      // A crash between the rebuild and this note must not lose it: the rebuilt log says in its first record what it is.
      if ((await host.row(rebuiltRow)) === report.logId) return;
      let rebuilt = report.rebuilt !== undefined;
      for await (const record of host.history({ limit: 1 })) rebuilt ||= record.event.type === 'log.rebuilt';
      if (!rebuilt) return;
      await tracker.oweInventory();
      await host.putRows([{ type: 'put', key: rebuiltRow, value: report.logId }]);
    },
    async owe() {
      await tracker.oweInventory();
      await take();
    },
    take,
    stop() {
      stopped = true;
      cancelRetry();
    },
  };
}
