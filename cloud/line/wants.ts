// What is missed, gathered for a moment: chunks that turn out one by one not to be ashore are asked for together, not in twenty rounds.
import type { WantFrame, WantReason } from '../contract/frames.ts';
import { type Run, RunSet } from '../contract/runs.ts';
import type { Clock } from '../ports.ts';
import { pagesOf } from './held-frames.ts';

export class Wants {
  readonly #clock: Clock;
  readonly #gatherMs: number;
  readonly #say: (frames: readonly WantFrame[]) => void;
  readonly #owed = new Map<number, Map<WantReason, RunSet>>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, gatherMs: number, say: (frames: readonly WantFrame[]) => void) {
    this.#clock = clock;
    this.#gatherMs = gatherMs;
    this.#say = say;
  }

  add(handle: number, reason: WantReason, runs: readonly Run[]): void {
    const ofHandle = this.#owed.get(handle) ?? new Map<WantReason, RunSet>();
    const owed = ofHandle.get(reason) ?? new RunSet();
    for (const run of runs) owed.add(run.start, run.end);
    ofHandle.set(reason, owed);
    this.#owed.set(handle, ofHandle);
    this.#cancel ??= this.#clock.after(this.#gatherMs, () => {
      this.#cancel = undefined;
      const all = [...this.#owed];
      this.#owed.clear();
      for (const [of, reasons] of all)
        for (const [why, { runs: missing }] of reasons)
          this.#say(pagesOf(missing).map((page) => ({ type: 'WANT', handle: of, reason: why, runs: page })));
    });
  }

  /** The document is over. */
  forget(handle: number): void {
    this.#owed.delete(handle);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#owed.clear();
  }
}
