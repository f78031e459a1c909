// Time that a test holds: it moves only when told to. Timers fire in due order; `settle` lets promises run dry between them.

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

export class FakeClock {
  #now = 0;
  #wallOffset: number;
  #order = 0;
  #timers = new Set<Timer>();

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffset = wallMs;
  }

  wallMs(): number {
    return this.#wallOffset + this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { due: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Steps the wall clock alone, as a GPS fix or a dead battery does. */
  jumpWall(byMs: number): void {
    this.#wallOffset += byMs;
  }

  /** Timers not yet fired. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time forward, firing each due timer at its own moment, promises settled between. */
  async advance(byMs: number): Promise<void> {
    const end = this.#now + byMs;
    await settle();
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (!next || next.due > end) break;
      this.#timers.delete(next);
      this.#now = next.due;
      next.run();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets everything that is already runnable run: all microtasks, and what they queue. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
