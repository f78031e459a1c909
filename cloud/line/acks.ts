// When and where a session confirms: one ACK speaks of all lanes and goes over any of those heard from lately, each time another, so
// that nobody waits for a lane that sleeps. Often enough to pace by, rarely enough to cost next to nothing, never in silence.
import type { AckFrame } from '../contract/frames.ts';
import { frameLimits } from '../contract/frames.ts';
import type { Clock } from '../ports.ts';
import type { Lane } from './lane.ts';
import type { LineLimitsAshore } from './limits.ts';

/** Headers of TCP/IP, TLS and WebSocket around a frame. */
const overheadBytes = 80;
/** An ACK before any was made. */
const guessBytes = overheadBytes + 24;
/** Saved up for a later burst: 64 acks. */
const creditMaxBytes = 64 * guessBytes;
/** A lane with more than this unsent is not where news should wait. */
const crowdedBytes = 64 * 1024;

export interface AckPorts {
  readonly clock: Clock;
  readonly limits: LineLimitsAshore;
  readonly lanes: () => Iterable<Lane>;
  /** About a round trip, ms. */
  readonly roundTripMs: () => number;
  readonly takeDurable: (nowMs: number, repeatMs: number) => AckFrame['documents'];
}

export class Acks {
  readonly #ports: AckPorts;
  /** When the oldest news that no ACK has told yet came up; undefined: there is none. */
  #oldestMs: number | undefined;
  #untoldBytes = 0;
  #arrivalMs = Number.NEGATIVE_INFINITY;
  #burstMs = 0;
  #creditBytes = 0;
  #costBytes = guessBytes;
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;
  #cancelRepeat: (() => void) | undefined;

  constructor(ports: AckPorts) {
    this.#ports = ports;
  }

  /** Bytes were read on a lane. */
  arrived(bytes: number): void {
    const { clock, limits } = this.#ports;
    const now = clock.monotonicMs();
    if (now - this.#arrivalMs > limits.silenceMs) {
      this.#burstMs = now;
      this.#creditBytes = Math.max(this.#creditBytes, limits.ackAdvanceBytes);
    }
    this.#arrivalMs = now;
    this.#creditBytes = Math.min(creditMaxBytes, this.#creditBytes + bytes * limits.ackShare);
    this.#untoldBytes += bytes;
    this.#oldestMs ??= now;
    if (this.#untoldBytes >= limits.ackEveryBytes) this.#say();
    else this.#heed(now);
  }

  /** There are durable marks to be told. */
  soon(): void {
    const now = this.#ports.clock.monotonicMs();
    this.#oldestMs ??= now;
    this.#heed(now);
  }

  /** At once, over this lane: the answer to a heartbeat, which nobody repeats. */
  now(lane: Lane): void {
    this.#say(lane);
    this.#cancelRepeat?.();
    this.#cancelRepeat = undefined;
  }

  /** What an ACK on a lane that is gone may have said is said again. */
  laneGone(): void {
    let isTold = false;
    for (const lane of this.#ports.lanes()) {
      isTold ||= lane.toldBytes > 0;
      lane.toldBytes = 0;
    }
    if (isTold) this.soon();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#cancelRepeat?.();
    this.#oldestMs = undefined;
    this.#untoldBytes = 0;
  }

  #heed(now: number): void {
    if (this.#oldestMs === undefined) return;
    const { limits } = this.#ports;
    const isEarly = now - this.#burstMs < limits.ackEarlyForMs;
    const dueMs = this.#oldestMs + (isEarly ? limits.ackEarlyMs : limits.ackEveryMs);
    const isPaid = this.#creditBytes >= this.#costBytes;
    const atMs = isPaid ? dueMs : Math.max(dueMs, this.#oldestMs + limits.ackHeldMaxMs);
    if (now >= atMs) this.#say();
    else this.#wake(atMs, now);
  }

  #wake(atMs: number, now: number): void {
    if (this.#timer && this.#timer.atMs === atMs) return;
    this.#timer?.cancel();
    const cancel = this.#ports.clock.after(atMs - now, () => {
      this.#timer = undefined;
      this.#heed(Math.max(atMs, this.#ports.clock.monotonicMs()));
    });
    this.#timer = { atMs, cancel };
  }

  #say(over?: Lane): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#oldestMs = undefined;
    this.#untoldBytes = 0;
    const lanes = [...this.#ports.lanes()].filter((lane) => lane.isOpen);
    if (!this.#tell(lanes, over)) return;
    this.#cancelRepeat?.();
    this.#cancelRepeat = undefined;
    // The last word before a silence is said once more, elsewhere: the lane that carried it may sleep.
    if (lanes.length > 1)
      this.#cancelRepeat = this.#ports.clock.after(this.#repeatMs(), () => {
        this.#cancelRepeat = undefined;
        if (this.#oldestMs !== undefined) this.#say();
        else this.#tell([...this.#ports.lanes()].filter((lane) => lane.isOpen));
      });
  }

  #repeatMs(): number {
    return Math.max(this.#ports.limits.ackEveryMs, this.#ports.roundTripMs());
  }

  #tell(lanes: readonly Lane[], over?: Lane): boolean {
    const lane = over ?? this.#pick(lanes);
    if (!lane) return false;
    const nowMs = this.#ports.clock.monotonicMs();
    const repeatMs = lanes.length > 1 ? this.#repeatMs() : 0;
    // What was news lately is said again: the lane that carried it may sleep.
    const isNews = (one: Lane) =>
      one === over ||
      one.receivedBytes > one.toldBytes ||
      (one.receivedBytes > 0 && nowMs - one.toldMs <= 2 * repeatMs);
    const told = lanes
      .filter((one) => lanes.length === 1 || isNews(one))
      .sort((a, b) => b.arrivalMs - a.arrivalMs)
      .slice(0, frameLimits.lanesPerAckMaxCount);
    lane.ackedMs = nowMs;
    for (const one of told) {
      if (one.receivedBytes > one.toldBytes) one.toldMs = nowMs;
      one.toldBytes = one.receivedBytes;
    }
    const frameBytes = lane.send({
      type: 'ACK',
      nowMs,
      lanes: told.map((one) => ({
        serial: one.serial,
        receivedBytes: one.receivedBytes,
        heldMs: Math.max(0, nowMs - one.arrivalMs),
      })),
      documents: this.#ports.takeDurable(nowMs, repeatMs),
    });
    this.#costBytes = frameBytes + overheadBytes;
    this.#creditBytes -= this.#costBytes;
    return true;
  }

  /** Of the lanes heard from lately the one whose turn is longest ago. */
  #pick(lanes: readonly Lane[]): Lane | undefined {
    const { clock, limits, roundTripMs } = this.#ports;
    const since = clock.monotonicMs() - Math.max(limits.silenceMs, 2 * roundTripMs());
    const awake = lanes.filter((lane) => lane.arrivalMs >= since && lane.receivedBytes > 0);
    const roomy = awake.filter((lane) => lane.bufferedBytes() <= crowdedBytes);
    const [next] = (roomy.length > 0 ? roomy : awake).sort((a, b) => a.ackedMs - b.ackedMs);
    return next ?? [...lanes].sort((a, b) => b.arrivalMs - a.arrivalMs)[0];
  }
}
