// The smallest delays of late, in buckets of time: below them nothing may be called the empty path for long. Used by rate-finder.ts.

interface Least {
  readonly since: number;
  delayMs: number;
  bytes: number;
}

export class LeastDelays {
  readonly #bucketMs: number;
  readonly #bucketsMax: number;
  #buckets: Least[] = [];

  constructor(bucketMs: number, bucketsMax: number) {
    this.#bucketMs = bucketMs;
    this.#bucketsMax = bucketsMax;
  }

  /** Without the time that the frames' own bytes took. undefined: none seen. */
  at(msPerByte: number): number | undefined {
    let least: number | undefined;
    for (const { delayMs, bytes } of this.#buckets)
      least = Math.min(least ?? Number.POSITIVE_INFINITY, delayMs - bytes * msPerByte);
    return least;
  }

  saw(delayMs: number, bytes: number, msPerByte: number, nowMs: number): void {
    const since = Math.floor(nowMs / this.#bucketMs);
    const last = this.#buckets.at(-1);
    if (last?.since !== since) {
      this.#buckets.push({ since, delayMs, bytes });
      if (this.#buckets.length > this.#bucketsMax) this.#buckets.shift();
    } else if (delayMs - bytes * msPerByte < last.delayMs - last.bytes * msPerByte) {
      last.delayMs = delayMs;
      last.bytes = bytes;
    }
  }

  clear(): void {
    this.#buckets = [];
  }
}
