// What a lane's own TCP will take without holding it back in its kernel, where it would look like a queue on the line: the initial
// window and as much again as it has confirmed since, as slow start has it. Used by rate-finder.ts.

/** RFC 6928's initial window, in bytes of segments with room for headers. */
export const laneStartBytes = 14_000;
/** No lane holds more; the line as a whole is bounded elsewhere. */
const laneMostBytes = 4 * 1024 * 1024;
/** Kernels start anew after so long without a byte (RFC 5681, 4.1); a second is the least RTO counts. */
const idleRestartMs = 1_000;
export const lanesMax = 64;

interface LaneAllowance {
  confirmedBytes: number;
  busyMs: number;
}

export class LaneAllowances {
  readonly #lanes = new Map<number, LaneAllowance>();

  opened(lane: number, nowMs: number): void {
    if (this.#lanes.size >= lanesMax) this.#lanes.delete(this.#lanes.keys().next().value!);
    this.#lanes.set(lane, { confirmedBytes: 0, busyMs: nowMs });
  }

  lost(lane: number): void {
    this.#lanes.delete(lane);
  }

  get count(): number {
    return this.#lanes.size;
  }

  confirmed(lane: number, bytes: number, nowMs: number): void {
    if (!this.#lanes.has(lane)) this.opened(lane, nowMs);
    const one = this.#lanes.get(lane)!;
    if (nowMs - one.busyMs > idleRestartMs) one.confirmedBytes = 0;
    one.confirmedBytes += bytes;
    one.busyMs = nowMs;
  }

  /** Bytes that may be unconfirmed on this lane. */
  allowedBytes(lane: number): number {
    return Math.min(laneMostBytes, laneStartBytes + (this.#lanes.get(lane)?.confirmedBytes ?? 0));
  }
}
