// What left lately, in order: when, how many bytes, and how long a queue it was believed to make. A ring: older entries are
// overwritten, and confirmations of them are of no use to the rate finder. Used by rate-finder.ts.

/** Frames remembered: 50 s of writes every 12 ms, 340 KB. */
export const sendsRememberedMax = 4_096;

export class Flight {
  readonly #marks = new Float64Array(sendsRememberedMax);
  readonly #atMs = new Float64Array(sendsRememberedMax);
  readonly #bytes = new Float64Array(sendsRememberedMax);
  readonly #aimedMs = new Float64Array(sendsRememberedMax);
  /** Entries ever added; entry `n` is kept while `n >= first`. */
  end = 0;
  /** All bytes ever sent. */
  sentBytes = 0;

  get first(): number {
    return Math.max(0, this.end - sendsRememberedMax);
  }

  /** Answers the mark of the entry: the bytes sent up to and with it. */
  add(bytes: number, atMs: number, aimedMs: number): number {
    const slot = this.end++ % sendsRememberedMax;
    this.sentBytes += bytes;
    this.#marks[slot] = this.sentBytes;
    this.#atMs[slot] = atMs;
    this.#bytes[slot] = bytes;
    this.#aimedMs[slot] = aimedMs;
    return this.sentBytes;
  }

  mark(entry: number): number {
    return this.#marks[entry % sendsRememberedMax]!;
  }

  atMs(entry: number): number {
    return this.#atMs[entry % sendsRememberedMax]!;
  }

  bytes(entry: number): number {
    return this.#bytes[entry % sendsRememberedMax]!;
  }

  /** The queue believed in when the entry left, its own bytes included. */
  aimedMs(entry: number): number {
    return this.#aimedMs[entry % sendsRememberedMax]!;
  }

  /** The entry that ended with `mark`; undefined: forgotten or never sent. */
  find(mark: number): number | undefined {
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.mark(middle) < mark) low = middle + 1;
      else high = middle;
    }
    return low < this.end && this.mark(low) === mark ? low : undefined;
  }
}
