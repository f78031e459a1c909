// Durable marks owed to a yacht, by handle, in portions that fit an ACK. With several lanes each is said again for about a round trip,
// so that an ACK on a lane that sleeps or dies takes nothing away.
import type { AckFrame } from '../contract/frames.ts';
import { type Run, RunSet } from '../contract/runs.ts';

/** Of one ACK: 2,048 runs of at most 20 bytes and their handles stay below half a frame. */
const documentsPerAck = 64;
const runsPerAck = 2_048;
const runsPerDocument = 1_024;

type Marks = Map<number, RunSet>;

export class DurableMarks {
  #owed: Marks = new Map();
  /** Said since `#turnedMs`, and before that: both are said again. */
  #recent: Marks = new Map();
  #older: Marks = new Map();
  #turnedMs = 0;

  /** Nothing that was not said yet. */
  get isEmpty(): boolean {
    return this.#owed.size === 0;
  }

  owe(handle: number, runs: readonly Run[]): void {
    if (runs.length > 0) add(this.#owed, handle, runs);
  }

  forget(handle: number): void {
    for (const marks of [this.#owed, this.#recent, this.#older]) marks.delete(handle);
  }

  clear(): void {
    for (const marks of [this.#owed, this.#recent, this.#older]) marks.clear();
  }

  /** The next portion, and what was said within `repeatMs`; what remains is for the ACK after it. */
  take(nowMs: number, repeatMs: number): AckFrame['documents'] {
    if (nowMs - this.#turnedMs >= repeatMs) {
      this.#older = nowMs - this.#turnedMs >= 2 * repeatMs ? new Map() : this.#recent;
      this.#recent = new Map();
      this.#turnedMs = nowMs;
    }
    const told: Marks = new Map();
    let room = runsPerAck;
    for (const [handle, owed] of this.#owed) {
      if (room === 0 || told.size === documentsPerAck) break;
      const runs = owed.runs.slice(0, Math.min(room, runsPerDocument)).map((run) => ({ ...run }));
      for (const run of runs) owed.delete(run.start, run.end);
      if (owed.isEmpty) this.#owed.delete(handle);
      room -= runs.length;
      add(told, handle, runs);
    }
    const repeated = repeatMs > 0 ? [...this.#recent, ...this.#older] : [];
    if (repeatMs > 0) for (const [handle, { runs }] of told) add(this.#recent, handle, runs);
    for (const [handle, { runs }] of repeated) {
      const fits = told.has(handle) || told.size < documentsPerAck;
      if (!fits || runs.length > room || (told.get(handle)?.runs.length ?? 0) + runs.length > runsPerDocument)
        continue;
      room -= runs.length;
      add(told, handle, runs);
    }
    return [...told].map(([handle, { runs }]) => ({ handle, durable: runs.map((run) => ({ ...run })) }));
  }
}

function add(marks: Marks, handle: number, runs: readonly Run[]): void {
  const known = marks.get(handle) ?? new RunSet();
  for (const run of runs) known.add(run.start, run.end);
  marks.set(handle, known);
}
