// The one clock of a voyage: a heap of moments. Everything that waits (disk, network, back-off, weather, crew) is an
// entry here; the loop takes the earliest, moves time to it, runs it, and lets every promise run dry before the next.
// Entries due at the same moment run in the order they were asked for, so one seed gives one history.
import type { Clock } from '../../agent/ports.ts';
import type { FakeLife } from './fake-life.ts';

/** A process's timer moves time by this much at least, as every kernel's does by more. */
const timerLeastMs = 0.001;

interface Entry {
  readonly due: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class FakeTimeline {
  #now = 0;
  #order = 0;
  #heap: Entry[] = [];
  /** Entries that ran: the measure of a voyage's length, and part of its trace. */
  steps = 0;

  get now(): number {
    return this.#now;
  }

  /** Calls `run` once after `delayMs`; the answer cancels it. */
  after(delayMs: number, run: () => void): () => void {
    if (Number.isNaN(delayMs)) throw new RangeError('a delay that is not a number');
    const due = this.#now + Math.max(0, delayMs);
    const entry: Entry = { due, order: this.#order++, run };
    this.#push(entry);
    return () => {
      entry.run = undefined;
    };
  }

  /** A promise for then. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /**
   * Runs until `done()` says so or the next entry lies beyond `untilMs`; answers whether `done` was reached. Time
   * stands at the last entry run, or at `untilMs` when there was nothing more to do before it.
   */
  async run(untilMs: number, done: () => boolean = () => false): Promise<boolean> {
    await drain();
    for (;;) {
      if (done()) return true;
      const entry = this.#heap[0];
      if (!entry || entry.due > untilMs) break;
      this.#pop();
      if (!entry.run) continue;
      this.#now = entry.due;
      this.steps++;
      const run = entry.run;
      entry.run = undefined;
      run();
      await drain();
    }
    if (Number.isFinite(untilMs)) this.#now = Math.max(this.#now, untilMs);
    return done();
  }

  /** The clock of one process: monotonic since its boot, wall time with its own error, silent once its life has ended. */
  clock(life: FakeLife, wallMs: () => number): Clock {
    const bootMs = this.#now;
    return {
      // Date.now() gives whole milliseconds.
      wallMs: () => Math.floor(wallMs()),
      monotonicMs: () => this.#now - bootMs,
      after: (delayMs, run) => {
        if (!life.alive) return () => {};
        // Time is a sum of fractions: who waits for the rest of one would otherwise be woken at the same moment for ever.
        return this.after(delayMs > 0 ? Math.max(timerLeastMs, delayMs) : delayMs, () => {
          if (life.alive) run();
        });
      },
    };
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (earlier(heap[up]!, entry)) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && earlier(heap[down + 1]!, heap[down]!)) down++;
      if (earlier(last, heap[down]!)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
  }
}

function earlier(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}

/** All microtasks and ticks, and what they queue, run before an immediate does. Nothing in a voyage may wait longer. */
function drain(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
