// When heads must be written, and from where a start has to verify. Counts what was committed since the last checkpoint.
import type { Change } from '../ports.ts';
import type { Checkpoint } from './checkpoint.ts';
import { prefixes } from './keys.ts';
import type { HostLimits } from './limits.ts';
import type { Tip } from './store.ts';
import type { Standing } from './verify.ts';

/**
 * LevelDB keeps up to two memtables of 4 MiB that exist only in its write-ahead files, and a hole in those loses whole
 * batches. The chain is verified at each start as far back as they may reach.
 */
const unsettledMaxBytes = 8 * 1024 * 1024;

export interface Watermark {
  /** Must the heads go into a batch that ends at `seq`? */
  due(seq: number): boolean;
  /** The checkpoint to write with a batch that ends at `tip`. */
  next(
    tip: Tip,
    point: { readonly hostN: number; readonly boot: number; readonly at: number },
  ): Omit<Checkpoint, 'kinds'>;
  /** After each commit: its records with their index, and all other rows. */
  written(records: readonly Change[], others: readonly Change[]): void;
  reached(tip: Tip): void;
  /** Records removed by the retention. */
  trimmed(bytes: number): void;
  readonly seq: number;
  readonly verifyFrom: number;
  readonly logBytes: number;
}

export function createWatermark(standing: Standing, limits: HostLimits): Watermark {
  let { seq, verifyFrom, logBytes } = standing.checkpoint;
  let commits = 0;
  let bytes = 0;
  /** Earlier checkpoints of this boot, with the bytes written when they were made. */
  let points: { readonly seq: number; readonly bytes: number }[] = [];

  function verifiedFrom(): number {
    while (points[0] !== undefined && bytes - points[0].bytes >= unsettledMaxBytes) {
      verifyFrom = points[0].seq;
      points = points.slice(1);
    }
    return verifyFrom;
  }

  return {
    due: (next) =>
      commits + 1 >= limits.checkpointCommits || next - seq > limits.replayMaxRecords - limits.turnMaxEvents,
    next: (tip, point) => ({ ...tip, ...point, verifyFrom: verifiedFrom(), logBytes }),
    written: (records, others) => {
      commits += 1;
      for (const row of records) {
        bytes += sizeOf(row);
        if (row.type === 'put' && row.key.startsWith(prefixes.log)) logBytes += row.value.length;
      }
      for (const row of others) bytes += sizeOf(row);
    },
    reached: (tip) => {
      seq = tip.seq;
      commits = 0;
      points.push({ seq: tip.seq, bytes });
    },
    trimmed: (less) => {
      logBytes -= less;
    },
    get seq() {
      return seq;
    },
    get verifyFrom() {
      return verifiedFrom();
    },
    get logBytes() {
      return logBytes;
    },
  };
}

function sizeOf(row: Change): number {
  return row.key.length + (row.type === 'put' ? row.value.length : 0);
}
