// The chunks of one document that are named by their place in an older version: runs that grow while the file is read and leave as COPY
// frames once they have ended, so that a gigabyte with one change is two of them. Kept until durable, in a few bytes a run.
// Used by outgoing.ts, beside the chunk book, which knows all others.
import { encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { type CopyFrame, frameLimits } from '../../cloud/contract/frames.ts';
import { type Run, RunSet } from '../../cloud/contract/runs.ts';

interface Stretch {
  readonly first: number;
  readonly baseIndex: number;
  count: number;
}

/** Reading waits above so many stretches that are not durable: 16,384 of them take about 1 MB. */
const stretchesMaxCount = 16_384;

export class Copies {
  /** Ascending by first; what is durable or wanted is taken out of `#waiting` only. */
  #stretches: Stretch[] = [];
  /** Not durable yet. */
  #waiting = new RunSet();
  #unsaid = new RunSet();
  #grows = false;
  readonly #lengthOf: (baseIndex: number) => number;
  readonly #baseVersion: number;

  constructor(baseVersion: number, lengthOf: (baseIndex: number) => number) {
    this.#baseVersion = baseVersion;
    this.#lengthOf = lengthOf;
  }

  get isSaid(): boolean {
    return this.#unsaid.isEmpty;
  }

  get isFull(): boolean {
    return this.#stretches.length >= stretchesMaxCount;
  }

  has(index: number): boolean {
    return this.#waiting.has(index);
  }

  overlaps({ start, end }: Run): boolean {
    return this.#waiting.runs.some((run) => run.start < end && run.end > start);
  }

  /** The next chunk read is the one at `baseIndex` there. Indexes ascend. */
  add(index: number, baseIndex: number): void {
    const last = this.#stretches.at(-1);
    if (last && last.first + last.count === index && last.baseIndex + last.count === baseIndex)
      last.count += 1;
    else this.#stretches.push({ first: index, baseIndex, count: 1 });
    this.#waiting.add(index);
    this.#unsaid.add(index);
    this.#grows = true;
  }

  /** The run has ended: it may leave. */
  close(): void {
    this.#grows = false;
  }

  /** Everything that is not durable is to be said again: a new session. */
  sayAgain(): void {
    this.#unsaid = RunSet.of(this.#waiting.runs);
  }

  /** Durable ashore; answers how many bytes did not have to go. */
  settle(run: Run): number {
    if (this.#waiting.isEmpty) return 0;
    let bytes = 0;
    for (const stretch of this.#stretches) {
      const from = Math.max(run.start, stretch.first);
      const to = Math.min(run.end, stretch.first + stretch.count);
      for (let index = from; index < to; index++)
        if (this.#waiting.has(index)) bytes += this.#lengthOf(stretch.baseIndex + index - stretch.first);
    }
    this.#forget(run.start, run.end);
    return bytes;
  }

  /** The cloud wants these otherwise; true for one that had been copied. */
  drop(index: number): boolean {
    if (!this.#waiting.has(index)) return false;
    this.#forget(index, index + 1);
    return true;
  }

  /** The next COPY, one row of indexes; undefined when all is said, or the run still grows. */
  frame(handle: number): Uint8Array | undefined {
    const [run] = this.#unsaid.runs;
    if (!run || (this.#grows && this.#unsaid.runs.length === 1)) return undefined;
    const runs: CopyFrame['runs'][number][] = [];
    let at = run.start;
    for (const { first, baseIndex, count } of this.#stretches) {
      if (first + count <= at) continue;
      if (first > at || at >= run.end || runs.length >= frameLimits.copyRunsMaxCount) break;
      const end = Math.min(run.end, first + count);
      runs.push({ baseIndex: baseIndex + at - first, count: end - at });
      at = end;
    }
    this.#unsaid.delete(run.start, at);
    const said = { handle, first: run.start, baseVersion: this.#baseVersion, runs, extensions: [] };
    return encodeYachtFrame({ type: 'COPY', ...said });
  }

  #forget(start: number, end: number): void {
    this.#waiting.delete(start, end);
    this.#unsaid.delete(start, end);
    const oldest = this.#waiting.runs[0]?.start ?? Number.POSITIVE_INFINITY;
    let done = 0;
    while (done < this.#stretches.length) {
      const { first, count } = this.#stretches[done]!;
      if (first + count > oldest) break;
      done += 1;
    }
    // The newest stays: it may grow.
    this.#stretches.splice(0, Math.min(done, this.#stretches.length - 1));
  }
}
