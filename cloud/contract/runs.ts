// Sets of indexes as runs: the form in which both ends say which chunks are held, needed or durable. In order they are one
// run however long the document is.
import type { ByteReader, ByteWriter } from './bytes.ts';
import { Malformed } from './bytes.ts';

/** Half-open: start … end − 1. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

export class RunSet {
  #runs: { start: number; end: number }[] = [];

  static of(runs: readonly Run[]): RunSet {
    const set = new RunSet();
    for (const run of runs) set.add(run.start, run.end);
    return set;
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }

  get count(): number {
    return this.#runs.reduce((sum, run) => sum + run.end - run.start, 0);
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  has(index: number): boolean {
    const run = this.#runs[this.#firstEndingAfter(index)];
    return run !== undefined && run.start <= index;
  }

  /** The first index at or after `from` that is not in the set. */
  firstMissing(from: number): number {
    const run = this.#runs[this.#firstEndingAfter(from)];
    return run !== undefined && run.start <= from ? run.end : from;
  }

  add(start: number, end: number = start + 1): void {
    if (end <= start) return;
    const last = this.#runs.at(-1);
    if (last && last.end === start) {
      last.end = end; // the common case: in order
      return;
    }
    // All runs that touch or overlap [start, end) become one with it.
    let from = this.#firstEndingAfter(start - 1);
    let to = from;
    let merged = { start, end };
    while (to < this.#runs.length && this.#runs[to]!.start <= end) {
      merged = {
        start: Math.min(merged.start, this.#runs[to]!.start),
        end: Math.max(merged.end, this.#runs[to]!.end),
      };
      to++;
    }
    from = Math.min(from, this.#runs.length);
    this.#runs.splice(from, to - from, merged);
  }

  delete(start: number, end: number = start + 1): void {
    if (end <= start) return;
    const from = this.#firstEndingAfter(start);
    let to = from;
    const left: { start: number; end: number }[] = [];
    while (to < this.#runs.length && this.#runs[to]!.start < end) {
      const run = this.#runs[to]!;
      if (run.start < start) left.push({ start: run.start, end: start });
      if (run.end > end) left.push({ start: end, end: run.end });
      to++;
    }
    this.#runs.splice(from, to - from, ...left);
  }

  /** What of 0 … count − 1 is not in the set. */
  holes(count: number): Run[] {
    const holes: Run[] = [];
    let at = 0;
    for (const run of this.#runs) {
      if (run.start >= count) break;
      if (run.start > at) holes.push({ start: at, end: run.start });
      at = run.end;
    }
    if (at < count) holes.push({ start: at, end: count });
    return holes;
  }

  /** Position of the first run whose end lies beyond `index`. */
  #firstEndingAfter(index: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle]!.end > index) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export const runsMaxCount = 1_024;

/** Count, then per run: gap from the end of the one before, length. Gaps after the first and lengths are at least 1. */
export function writeRuns(writer: ByteWriter, runs: readonly Run[]): void {
  writer.varint(runs.length);
  let at = 0;
  for (const run of runs) {
    writer.varint(run.start - at).varint(run.end - run.start);
    at = run.end;
  }
}

export function readRuns(reader: ByteReader): Run[] {
  const count = reader.varint();
  if (count > runsMaxCount) throw new Malformed('too many runs');
  const runs: Run[] = [];
  let at = 0;
  for (let n = 0; n < count; n++) {
    const gap = reader.varint();
    const length = reader.varint();
    if ((n > 0 && gap === 0) || length === 0) throw new Malformed('runs are not in their shortest form');
    const start = at + gap;
    at = start + length;
    if (!Number.isSafeInteger(at)) throw new Malformed('run beyond 2^53 − 1');
    runs.push({ start, end: at });
  }
  return runs;
}
