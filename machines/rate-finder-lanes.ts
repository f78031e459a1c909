// What a lane's own TCP will take without holding it back in its kernel, where it would look like a queue on the line: the initial
// window and as much again as it has confirmed since, as slow start has it. Used by rate-finder.ts.

/** RFC 6928's initial window, in bytes of segments with room for headers. */
export const laneStartBytes = 14_000;
/** No lane holds more; the line as a whole is bounded elsewhere. */
const laneMostBytes = 4 * 1024 * 1024;
/** Kernels start anew after so long without a byte (RFC 5681, 4.1); a second is the least RTO counts. */
const idleRestartMs = 1_000;
export const lanesMax = 64;

export class LaneAllowances {
  /** Bytes confirmed by lane since it was opened or the line was idle. */
  readonly #confirmed = new Map<number, number>();

  get count(): number {
    return this.#confirmed.size;
  }

  opened(lane: number): void {
    if (this.#confirmed.size >= lanesMax) this.#confirmed.delete(this.#confirmed.keys().next().value!);
    this.#confirmed.set(lane, 0);
  }

  lost(lane: number): void {
    this.#confirmed.delete(lane);
  }

  /** Nothing left for so long. */
  idled(ms: number): void {
    if (ms > idleRestartMs) for (const lane of this.#confirmed.keys()) this.#confirmed.set(lane, 0);
  }

  confirmed(lane: number, bytes: number): void {
    if (!this.#confirmed.has(lane)) this.opened(lane);
    this.#confirmed.set(lane, this.#confirmed.get(lane)! + bytes);
  }

  /** Bytes that may be unconfirmed on this lane. */
  allowedBytes(lane: number): number {
    return Math.min(laneMostBytes, laneStartBytes + (this.#confirmed.get(lane) ?? 0));
  }
}
