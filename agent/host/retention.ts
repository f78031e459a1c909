// Keeps the log from growing for ever: records all heads have passed are dropped from the front once they are old or the
// log is too large, and the hash of the last dropped one becomes the anchor of the rest. The state needs none of them;
// people lose history older than the limits, nothing else: an actor of which records are left keeps its cell before them
// (base-rows.ts). Receipts have a limit of their own.
import type { MachineEvent } from '../../machines/kernel.ts';
import type { Change, Clock, KeyValue } from '../ports.ts';
import { createBases } from './base-rows.ts';
import { type Identity, identityRow } from './checkpoint.ts';
import { below, keys, prefixes, sequenceOf } from './keys.ts';
import type { HostLimits } from './limits.ts';
import { decodeRecord } from './record.ts';
import type { Tip } from './store.ts';
import { hostActor } from './turn.ts';
import type { Watermark } from './watermark.ts';

/** Rows deleted in one batch; half as many bases may come with them, about 20 ms of folding and spelling in all. */
const batchMaxRows = 1_000;

export interface Retention {
  start(): void;
  /** One sweep; called by itself every `retentionEveryMs`. Answers how many records it dropped. */
  sweep(): Promise<number>;
  /** Sequence number of the first record that is kept. */
  readonly oldestSeq: number;
  /** No sweep runs until the answer is called. */
  hold(): Promise<() => void>;
  stop(): void;
}

export interface RetentionParts {
  readonly clock: Clock;
  readonly limits: HostLimits;
  readonly now: () => number;
  readonly kv: () => KeyValue;
  readonly identity: Identity;
  readonly watermark: Watermark;
  readonly commit: (event: MachineEvent, rows: readonly Change[]) => Promise<void>;
  readonly log: (line: string) => void;
}

export function createRetention(parts: RetentionParts): Retention {
  const { clock, limits, watermark } = parts;
  let identity = parts.identity;
  let cancel: (() => void) | undefined;
  let stopped = false;
  let sweeping: Promise<unknown> = Promise.resolve();

  async function sweep(): Promise<number> {
    let dropped = 0;
    let changes: Change[] = [];
    let base: Tip = identity.base;
    let bytes = 0;
    const bases = createBases(parts.kv);
    const oldest = parts.now() - limits.retainMs;

    const flush = async (): Promise<void> => {
      if (changes.length === 0) return;
      const next = { ...identity, base };
      const rows = [...changes, ...bases.take(), identityRow(next)];
      await parts.commit({ type: 'log.trimmed', upTo: base.seq }, rows);
      identity = next;
      watermark.trimmed(bytes);
      changes = [];
      bytes = 0;
    };

    const end = Math.min(watermark.verifyFrom, watermark.seq, base.seq + 1 + limits.retentionSweepMaxRecords);
    for await (const [key, row] of parts.kv().iterate({ gt: keys.log(base.seq), lt: keys.log(end) })) {
      const rec = decodeRecord(row);
      const large = watermark.logBytes - bytes > limits.retainMaxBytes;
      if (stopped || rec === undefined || (!large && rec.at > oldest)) break;
      changes.push({ type: 'del', key }, { type: 'del', key: keys.by(rec.actor, rec.n) });
      if (rec.actor !== hostActor) await bases.drop(rec);
      bytes += row.length;
      base = { seq: sequenceOf(key), hash: rec.hash };
      dropped += 1;
      if (changes.length >= batchMaxRows) await flush();
    }
    await flush();
    return dropped;
  }

  /** Ids begin with their time, so the first receipts are the oldest. */
  async function sweepReceipts(): Promise<void> {
    let count = 0;
    for await (const _ of parts.kv().iterate(below(prefixes.receipt))) count += 1;
    const excess = count - limits.receiptsMax;
    if (excess <= 0) return;
    const changes: Change[] = [];
    const limit = Math.min(excess, batchMaxRows);
    for await (const [key] of parts.kv().iterate({ ...below(prefixes.receipt), limit })) {
      changes.push({ type: 'del', key });
    }
    await parts.commit({ type: 'receipts.trimmed', count: changes.length }, changes);
  }

  function plan(): void {
    if (stopped) return;
    cancel = clock.after(limits.retentionEveryMs, () => {
      sweeping = sweeping
        .then(sweep)
        .then(sweepReceipts)
        .catch((error: Error) => {
          // Cut short by an end: the next start goes on.
          if (!stopped) parts.log(`old records could not be dropped: ${error.message}`);
        });
      void sweeping.then(plan);
    });
  }

  return {
    start: plan,
    sweep,
    get oldestSeq() {
      return identity.base.seq + 1;
    },
    hold: async () => {
      const before = sweeping;
      const { promise, resolve } = Promise.withResolvers<void>();
      sweeping = before.then(() => promise);
      await before;
      return resolve;
    },
    stop: () => {
      stopped = true;
      cancel?.();
    },
  };
}
