// What travelled and what did not have to, month by month: added up from what uploads report in their records. The sums and
// how far they have read the log are rows of one batch, so a crash neither loses a byte nor counts one twice. Used by
// GET /v1/costs, the status and `tender cost`.
import type { Host, Rec } from '../host/contract.ts';
import { below } from '../host/keys.ts';
import type { Log } from '../log-line.ts';
import type { Change, Clock } from '../ports.ts';

const cursorRow = 'meter/cursor';
const monthPrefix = 'meter/month/';
const deliveredRow = 'meter/delivered';
const pageRecords = 500;
/** Sums are written this long after the first news of them. */
const writeAfterMs = 10_000;
const retryMs = 30_000;
/** Records without news read past before the cursor is written all the same. */
const cursorLagMaxRecords = 5_000;

/** Bytes of one month. */
export interface MonthSums {
  /** On the line, headers included, as far as uploads have reported. */
  readonly wireBytes: number;
  readonly resumedBytes: number;
  readonly dedupedBytes: number;
  readonly compressedAwayBytes: number;
  /** Documents the cloud signed for. */
  readonly documentsStored: number;
}

/** The last document the cloud signed for, and how many there were on that day (UTC). */
export interface Delivered {
  readonly day: string;
  readonly count: number;
  readonly uploadId: string;
  readonly atMs: number;
}

export interface Meter {
  /** After host.open(): takes up what the last life left. */
  start(): void;
  stop(): void;
  /** `2026-11` → sums, in order of months; everything up to now. */
  months(): Promise<ReadonlyMap<string, MonthSums>>;
  /** As far as the log was read; undefined: none yet. */
  readonly delivered: Delivered | undefined;
  /** The same added up. */
  total(): Promise<MonthSums>;
}

interface Standing {
  readonly logId: string;
  readonly seq: number;
}

export const nothingMetered: MonthSums = {
  wireBytes: 0,
  resumedBytes: 0,
  dedupedBytes: 0,
  compressedAwayBytes: 0,
  documentsStored: 0,
};

export function createMeter({
  host,
  clock,
  log,
}: {
  readonly host: Pick<Host, 'history' | 'tail' | 'row' | 'rows' | 'putRows' | 'status'>;
  readonly clock: Clock;
  readonly log: Log;
}): Meter {
  const months = new Map<string, MonthSums>();
  /** How far the log is in the sums. */
  let standing: Standing | undefined;
  /** How far it is in the rows. */
  let writtenSeq = 0;
  /** Months that the rows do not know of as they are. */
  const changed = new Set<string>();
  let delivered: Delivered | undefined;
  let stopped = false;
  let cancel: (() => void) | undefined;
  let loading: Promise<void> | undefined;
  let reading: Promise<void> | undefined;
  let writing = false;

  const untail = host.tail((record) => {
    take(record);
    const lag = record.seq - writtenSeq;
    if (sumsOf(record) !== undefined || lag > cursorLagMaxRecords) plan(writeAfterMs);
  });

  /** Adds a record if it is the next: told by the tail or read from the log, each counts exactly once. */
  function take(record: Rec): boolean {
    if (standing === undefined || record.seq !== standing.seq + 1) return false;
    standing = { ...standing, seq: record.seq };
    const sums = sumsOf(record);
    if (sums === undefined) return true;
    const month = new Date(record.wall).toISOString().slice(0, 7);
    months.set(month, plus(months.get(month) ?? nothingMetered, sums));
    changed.add(month);
    if (record.event.type === 'upload.stored') delivered = deliver(record);
    return true;
  }

  function deliver({ actor, wall }: Rec): Delivered {
    const day = new Date(wall).toISOString().slice(0, 10);
    const count = delivered?.day === day ? delivered.count + 1 : 1;
    return { day, count, uploadId: actor.slice('upload/'.length), atMs: wall };
  }

  /** Where the rows stand. In another log than theirs the sums go on and its records are read from the beginning. */
  async function load(): Promise<void> {
    const { logId } = host.status();
    const loaded = new Map<string, MonthSums>();
    for await (const [key, value] of host.rows(below(monthPrefix)))
      loaded.set(key.slice(monthPrefix.length), { ...nothingMetered, ...(JSON.parse(value) as MonthSums) });
    const row = await host.row(cursorRow);
    const found = row === undefined ? undefined : (JSON.parse(row) as Standing);
    const last = await host.row(deliveredRow);
    delivered = last === undefined ? undefined : (JSON.parse(last) as Delivered);
    for (const [month, sums] of loaded) months.set(month, sums);
    standing = { logId, seq: found?.logId === logId ? found.seq : 0 };
    writtenSeq = standing.seq;
  }

  async function readOn(): Promise<void> {
    loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    });
    await loading;
    // Nothing new: no iterator either. Each keeps 6 KB of the database's memory until the next large collection.
    for (let more = standing!.seq < host.status().lastSeq; more && !stopped; ) {
      let count = 0;
      for await (const record of host.history({ after: standing!.seq, limit: pageRecords })) {
        count += 1;
        if (record.seq <= standing!.seq || take(record)) continue;
        // Retention was quicker than the agent, which was off for a month: what is gone is not known.
        log({ level: 'warning', message: `The meter has not seen records up to #${record.seq - 1}.` });
        standing = { ...standing!, seq: record.seq - 1 };
        take(record);
      }
      more = count === pageRecords;
    }
  }

  /** Up to now; those who ask together share the reading. */
  function caughtUp(): Promise<void> {
    reading ??= readOn().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  function plan(ms: number): void {
    if (stopped || cancel !== undefined) return;
    cancel = clock.after(ms, () => {
      cancel = undefined;
      if (writing) return plan(ms);
      writing = true;
      caughtUp()
        .then(write)
        .catch((error: unknown) => {
          // What was not written is read again after a restart; until then the sums in memory are right.
          const reason = error instanceof Error ? error.message : String(error);
          if (!stopped) log({ level: 'warning', message: `The meter could not be written: ${reason}` });
          plan(retryMs);
        })
        .finally(() => {
          writing = false;
        });
    });
  }

  /** Sums and cursor of one moment, in one batch. */
  async function write(): Promise<void> {
    if (standing === undefined || stopped) return;
    if (changed.size === 0 && standing.seq - writtenSeq <= cursorLagMaxRecords) return;
    const { seq } = standing;
    const rows: Change[] = [{ type: 'put', key: cursorRow, value: JSON.stringify(standing) }];
    const told = [...changed];
    changed.clear();
    for (const month of told)
      rows.push({ type: 'put', key: `${monthPrefix}${month}`, value: JSON.stringify(months.get(month)) });
    if (delivered !== undefined)
      rows.push({ type: 'put', key: deliveredRow, value: JSON.stringify(delivered) });
    try {
      await host.putRows(rows, { soft: true });
    } catch (error) {
      for (const month of told) changed.add(month);
      throw error;
    }
    writtenSeq = seq;
  }

  return {
    start: () => plan(writeAfterMs),
    stop() {
      stopped = true;
      untail();
      cancel?.();
    },
    get delivered() {
      return delivered;
    },
    async months() {
      await caughtUp();
      return new Map([...months].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    async total() {
      await caughtUp();
      return [...months.values()].reduce(plus, nothingMetered);
    },
  };
}

/** What a record adds; undefined: nothing. */
function sumsOf({ actor, event }: Rec): MonthSums | undefined {
  if (!actor.startsWith('upload/')) return undefined;
  const count = (value: unknown) => (typeof value === 'number' ? value : 0);
  const sums = {
    wireBytes: count(event.wireBytes),
    resumedBytes: count(event.resumedBytes),
    dedupedBytes: count(event.dedupedBytes),
    compressedAwayBytes: count(event.compressedAwayBytes),
    documentsStored: event.type === 'upload.stored' ? 1 : 0,
  };
  return Object.values(sums).some((value) => value > 0) ? sums : undefined;
}

function plus(a: MonthSums, b: MonthSums): MonthSums {
  return {
    wireBytes: a.wireBytes + b.wireBytes,
    resumedBytes: a.resumedBytes + b.resumedBytes,
    dedupedBytes: a.dedupedBytes + b.dedupedBytes,
    compressedAwayBytes: a.compressedAwayBytes + b.compressedAwayBytes,
    documentsStored: a.documentsStored + b.documentsStored,
  };
}
