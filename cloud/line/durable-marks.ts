// Durable marks owed to a yacht: by handle, said once in the next ACK, in portions that fit its frame.
import type { AckFrame } from '../contract/frames.ts';
import { type Run, RunSet } from '../contract/runs.ts';

/** Of one ACK: 2,048 runs of at most 20 bytes and their handles stay below half a frame. */
const documentsPerAck = 64;
const runsPerAck = 2_048;

export class DurableMarks {
  readonly #owed = new Map<number, RunSet>();

  get isEmpty(): boolean {
    return this.#owed.size === 0;
  }

  owe(handle: number, runs: readonly Run[]): void {
    if (runs.length === 0) return;
    const owed = this.#owed.get(handle) ?? new RunSet();
    for (const run of runs) owed.add(run.start, run.end);
    this.#owed.set(handle, owed);
  }

  forget(handle: number): void {
    this.#owed.delete(handle);
  }

  clear(): void {
    this.#owed.clear();
  }

  /** The next portion; what remains is for the ACK after it. */
  take(): AckFrame['documents'] {
    const documents: { handle: number; durable: readonly Run[] }[] = [];
    let room = runsPerAck;
    for (const [handle, owed] of this.#owed) {
      if (room === 0 || documents.length === documentsPerAck) break;
      const durable = owed.runs.slice(0, Math.min(room, 1_024)).map((run) => ({ ...run }));
      for (const run of durable) owed.delete(run.start, run.end);
      if (owed.isEmpty) this.#owed.delete(handle);
      room -= durable.length;
      documents.push({ handle, durable });
    }
    return documents;
  }
}
