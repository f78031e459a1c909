// The end of the log: appends records in one synced batch, keeps the chain's tip, and stops at any write error. LevelDB
// goes on after ENOSPC as if nothing had happened and loses what follows, so after a failed batch nothing is acknowledged
// until the database was closed, opened again and found to hold exactly what was promised. Used by the turn loop only.
import { TenderError } from '../errors.ts';
import type { Change, Clock, KeyValue, Storage } from '../ports.ts';
import type { Rec } from './contract.ts';
import { below, keys, prefixes, sequenceOf } from './keys.ts';
import type { HostLimits } from './limits.ts';
import { encodeBody, follows, hashLength, link } from './record.ts';

/** Where the chain ends. */
export interface Tip {
  readonly seq: number;
  readonly hash: string;
}

/** A record before it has its place in the log. */
export type Draft = Omit<Rec, 'seq' | 'hash'>;

export interface Store {
  readonly tip: Tip;
  readonly writing: 'open' | 'stopped' | 'closed';
  readonly lastError: string | undefined;
  /** The open database, for reads. Throws TENDER_LOG_WRITE_FAILED while it is being reopened. */
  kv(): KeyValue;
  /** Numbers and chains the drafts behind `from` without writing: the rows they will be. */
  chain(drafts: readonly Draft[], from: Tip): Chained;
  /** Everything about a batch but the write itself, so that it can be done while another one is on its way. */
  prepare(chained: Chained, changes: readonly Change[]): Prepared;
  /**
   * Writes a prepared batch. True: it is on the medium. False: the write failed, the log was reopened, and the batch is
   * known not to be there. Rejects when the reopened log lacks what had been promised: the end of this process.
   */
  append(prepared: Prepared): Promise<boolean>;
  close(): Promise<void>;
}

export interface Chained {
  readonly recs: readonly Rec[];
  readonly changes: readonly Change[];
  readonly tip: Tip;
}

/** A batch ready to be written; `discard` it when it never will be. */
export interface Prepared {
  readonly chained: Chained;
  write(): Promise<void>;
  discard(): void;
}

export interface StoreParts {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly limits: Pick<HostLimits, 'reopenMs' | 'retryMaxMs'>;
  readonly log: (line: string) => void;
  /** Called when a first attempt to reopen has failed too: waiting callers should be told. */
  readonly stalled: (error: Error) => void;
}

export function createStore(parts: StoreParts, opened: KeyValue, logId: string, start: Tip): Store {
  const { storage, clock, limits, log } = parts;
  let kv: KeyValue | undefined = opened;
  let tip = start;
  let writing: Store['writing'] = 'open';
  let lastError: string | undefined;
  let failuresInRow = 0;

  function chain(drafts: readonly Draft[], from: Tip): Chained {
    let { seq, hash } = from;
    const recs: Rec[] = [];
    const changes: Change[] = [];
    for (const draft of drafts) {
      seq += 1;
      const body = encodeBody(draft, seq);
      hash = link(hash, body);
      recs.push({ ...draft, seq, hash });
      changes.push({ type: 'put', key: keys.log(seq), value: hash + body });
      changes.push({ type: 'put', key: keys.by(draft.actor, draft.n), value: String(seq) });
    }
    return { recs, changes, tip: { seq, hash } };
  }

  function prepare(chained: Chained, changes: readonly Change[]): Prepared {
    const rows = chained.changes.concat(changes);
    // While the log is being reopened there is nothing to hand rows to yet.
    const ready = kv?.prepare?.(rows);
    return {
      chained,
      write: async () => (ready ? ready.write({ sync: true }) : current().batch(rows, { sync: true })),
      discard: () => ready?.discard(),
    };
  }

  async function append(prepared: Prepared): Promise<boolean> {
    const { chained } = prepared;
    try {
      await prepared.write();
    } catch (error) {
      return failStop(chained, error as Error);
    }
    promised(chained.tip);
    return true;
  }

  function promised(next: Tip): void {
    tip = next;
    failuresInRow = 0;
    // After the fsync, so it can never claim more than is there.
    try {
      storage.mark?.(markNote(logId, tip));
    } catch (error) {
      log(`the mark beside the log could not be written: ${(error as Error).message}`);
    }
  }

  /** Closes, reopens, verifies, and so learns the unknown outcome of the failed batch. */
  async function failStop(chained: Chained, cause: Error): Promise<boolean> {
    writing = 'stopped';
    lastError = cause.message;
    log(
      `a write to the log failed (${cause.message}): nothing is acknowledged until it was reopened and verified`,
    );
    const broken = kv;
    kv = undefined;
    await broken?.close().catch((error: Error) => log(`closing the log failed too: ${error.message}`));
    const again = await reopen();
    kv = again;
    const end = await readEnd(again, tip.seq);
    if (end.at !== tip.hash) {
      throw new TenderError(
        'TENDER_LOG_BROKEN',
        `After a failed write the log no longer holds record ${tip.seq}, which had been promised. Restart the agent: it rebuilds.`,
      );
    }
    const kept = end.last?.seq === chained.tip.seq && end.last.hash === chained.tip.hash && end.chained;
    if (!kept && end.last !== undefined) {
      throw new TenderError(
        'TENDER_LOG_BROKEN',
        `After a failed write the log holds a part of it. Restart the agent: it rebuilds.`,
      );
    }
    writing = 'open';
    log(`the log is open again and whole up to record ${end.last?.seq ?? tip.seq}`);
    if (kept) promised(chained.tip);
    return kept;
  }

  /** Tries until the database opens; rejects once the store is closed. */
  async function reopen(): Promise<KeyValue> {
    for (;;) {
      if (isClosed()) throw closedError();
      await pause(Math.min(limits.reopenMs * 2 ** failuresInRow, limits.retryMaxMs));
      failuresInRow += 1;
      if (isClosed()) throw closedError();
      let again: KeyValue;
      try {
        again = await storage.open();
      } catch (error) {
        lastError = (error as Error).message;
        parts.stalled(error as Error);
        continue;
      }
      if (!isClosed()) return again;
      await again.close();
      throw closedError();
    }
  }

  const isClosed = (): boolean => writing === 'closed';
  let endPause: (() => void) | undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, () => resolve());
      endPause = () => {
        cancel();
        resolve();
      };
    });

  function current(): KeyValue {
    if (kv === undefined) {
      throw new TenderError(
        'TENDER_LOG_WRITE_FAILED',
        `The log cannot be written (${lastError ?? 'closed'}). Free some space or check the disk; the agent tries again by itself.`,
      );
    }
    return kv;
  }

  return {
    get tip() {
      return tip;
    },
    get writing() {
      return writing;
    },
    get lastError() {
      return lastError;
    },
    kv: current,
    chain,
    prepare,
    append,
    close: async () => {
      writing = 'closed';
      endPause?.();
      const open = kv;
      kv = undefined;
      await open?.close();
    },
  };
}

function closedError(): TenderError {
  return new TenderError(
    'TENDER_LOG_WRITE_FAILED',
    'The agent was stopped while its log could not be written.',
  );
}

/** What stands at the tip and behind it. */
async function readEnd(
  kv: KeyValue,
  seq: number,
): Promise<{ readonly at: string | undefined; readonly last: Tip | undefined; readonly chained: boolean }> {
  let at: string | undefined;
  let last: Tip | undefined;
  let previous = '';
  let expected = seq;
  let chained = true;
  for await (const [key, row] of kv.iterate({ gte: keys.log(seq), lt: below(prefixes.log).lt })) {
    const here = sequenceOf(key);
    const hash = row.slice(0, hashLength);
    if (here === seq) at = hash;
    else {
      chained &&= here === expected && follows(previous, row);
      last = { seq: here, hash };
    }
    previous = hash;
    expected = here + 1;
  }
  return { at, last, chained };
}

/** What the log must hold at least, as written beside it. */
export function markNote(logId: string, tip: Tip): string {
  return `${logId} ${tip.seq} ${tip.hash}`;
}

export function parseMark(
  note: string,
): { readonly logId: string; readonly seq: number; readonly hash: string } | undefined {
  const [logId = '', seq = '', hash = ''] = note.split(' ');
  if (!/^[0-9a-f]{32}$/.test(logId) || !/^\d{1,15}$/.test(seq) || hash.length !== hashLength)
    return undefined;
  return { logId, seq: Number(seq), hash };
}
