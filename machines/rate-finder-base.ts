// The delay of the empty path: the smallest one-way delay of late, less the frame's own time on the bottleneck. The two clocks need
// not agree: only differences count, and drift is forgotten with the window. Used by rate-finder.ts.

/** Minima are kept per this long, and so many of them. */
const bucketMs = 3_000;
const bucketsMax = 5;

interface Least {
  readonly since: number;
  delayMs: number;
  bytes: number;
}

export class BaseDelay {
  #buckets: Least[] = [];

  get isKnown(): boolean {
    return this.#buckets.length > 0;
  }

  /** The base, given the bottleneck's ms per byte; the frame of the minimum had queued `bytes` itself. */
  at(msPerByte: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const one of this.#buckets) least = Math.min(least, one.delayMs - one.bytes * msPerByte);
    return least;
  }

  saw(delayMs: number, bytes: number, msPerByte: number, nowMs: number): void {
    const since = Math.floor(nowMs / bucketMs);
    let last = this.#buckets.at(-1);
    if (last?.since !== since) {
      last = { since, delayMs, bytes };
      this.#buckets.push(last);
      if (this.#buckets.length > bucketsMax) this.#buckets.shift();
    }
    if (delayMs - bytes * msPerByte < last.delayMs - last.bytes * msPerByte) {
      last.delayMs = delayMs;
      last.bytes = bytes;
    }
  }

  /** The path changed: what was seen before says nothing. */
  forget(delayMs: number, bytes: number, nowMs: number): void {
    this.#buckets = [{ since: Math.floor(nowMs / bucketMs), delayMs, bytes }];
  }

  clear(): void {
    this.#buckets = [];
  }
}
