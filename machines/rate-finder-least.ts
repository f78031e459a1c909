// The smallest delays of late, in buckets of time: below them nothing may be called the empty path for long. Used by rate-finder.ts.

interface Least {
  readonly since: number;
  ms: number;
}

export class LeastDelays {
  readonly #bucketMs: number;
  readonly #bucketsMax: number;
  #buckets: Least[] = [];

  constructor(bucketMs: number, bucketsMax: number) {
    this.#bucketMs = bucketMs;
    this.#bucketsMax = bucketsMax;
  }

  /** undefined: none seen. */
  get ms(): number | undefined {
    let least: number | undefined;
    for (const { ms } of this.#buckets) least = Math.min(least ?? Number.POSITIVE_INFINITY, ms);
    return least;
  }

  saw(ms: number, nowMs: number): void {
    const since = Math.floor(nowMs / this.#bucketMs);
    const last = this.#buckets.at(-1);
    if (last?.since === since) {
      last.ms = Math.min(last.ms, ms);
      return;
    }
    this.#buckets.push({ since, ms });
    if (this.#buckets.length > this.#bucketsMax) this.#buckets.shift();
  }

  clear(): void {
    this.#buckets = [];
  }
}
