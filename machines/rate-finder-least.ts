// The smallest delays of late, in buckets of time: below them nothing may be called the empty path for long. Used by rate-finder.ts.

const bucketMs = 3_000;
const bucketsMax = 8;

export class LeastDelays {
  #buckets: { readonly since: number; ms: number }[] = [];

  /** undefined: none seen. */
  get ms(): number | undefined {
    return this.#buckets.length === 0 ? undefined : Math.min(...this.#buckets.map((one) => one.ms));
  }

  saw(ms: number, nowMs: number): void {
    const since = Math.floor(nowMs / bucketMs);
    const last = this.#buckets.at(-1);
    if (last?.since === since) {
      last.ms = Math.min(last.ms, ms);
      return;
    }
    this.#buckets.push({ since, ms });
    if (this.#buckets.length > bucketsMax) this.#buckets.shift();
  }
}
