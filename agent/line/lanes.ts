// The open lanes of the session: which carries the next frame, which of them sleep, and what one leaves behind when it goes. Held
// by line.ts, used by sender.ts; opened by lane-keeper.ts.
import type { Lane } from './lane.ts';

/** Bytes of a lane that its socket may hold back: its kernel takes no more, and they would stand there as a queue of their own. */
const bufferedMaxBytes = 64 * 1024;
/** Nothing confirmed for so long while others go on, beyond round trips: a resend of TCP's own is waited for. */
const sleepSlackMs = 300;
/** Resting for so long, a middlebox may have forgotten the connection: the first bytes on it are watched more closely. */
const restedMs = 20_000;
/** On a dry line a frame is late after a round trip and this, if what left at about its time was confirmed elsewhere. */
const lateSlackMs = 100;
const lateShare = 0.8;
/** With more than this behind it, TCP misses a lost segment as soon as we do, and sends less again. */
const lateMostBytes = 6 * 1024;
/** Asleep for so long beyond that, it is given up. */
const goneSlackMs = 1_000;

export class Lanes {
  readonly #open = new Map<number, Lane>();

  get all(): readonly Lane[] {
    return [...this.#open.values()];
  }

  get count(): number {
    return this.#open.size;
  }

  get outstandingBytes(): number {
    let sum = 0;
    for (const lane of this.#open.values()) sum += lane.outstandingBytes;
    return sum;
  }

  get heardMs(): number {
    return Math.max(Number.NEGATIVE_INFINITY, ...this.all.map((lane) => lane.heardMs));
  }

  /** Bytes are on their way somewhere, given up or not. */
  get isBusy(): boolean {
    return this.all.some((lane) => lane.oldestMs !== undefined);
  }

  at(number: number): Lane | undefined {
    return this.#open.get(number);
  }

  has(lane: Lane): boolean {
    return this.#open.get(lane.number) === lane;
  }

  bySerial(serial: number): Lane | undefined {
    for (const lane of this.#open.values()) if (lane.serial === serial) return lane;
    return undefined;
  }

  add(lane: Lane): void {
    this.#open.set(lane.number, lane);
  }

  remove(lane: Lane): void {
    if (this.has(lane)) this.#open.delete(lane.number);
  }

  /** The lane with the least unconfirmed bytes of those with room; undefined: none has any. */
  pick(allowedBytes: (lane: Lane) => number): Lane | undefined {
    let best: Lane | undefined;
    for (const lane of this.#open.values()) {
      if (!lane.isOpen || lane.inReserve || lane.asleep || lane.bufferedBytes() > bufferedMaxBytes) continue;
      if (lane.outstandingBytes >= allowedBytes(lane)) continue;
      if (best && !isBefore(lane, best)) continue;
      best = lane;
    }
    return best;
  }

  /** So many lanes carry, as far as there are any awake; the others are kept in reserve. */
  balance(carryingCount: number): void {
    const carrying = this.all.filter((lane) => lane.isOpen && !lane.inReserve && !lane.asleep);
    let missing = carryingCount - carrying.length;
    for (const lane of this.#open.values()) {
      if (missing > 0 && lane.isOpen && lane.inReserve) {
        lane.inReserve = false;
        missing -= 1;
      } else if (missing < 0 && lane.isAtRest && !lane.inReserve && !lane.asleep) {
        lane.inReserve = true;
        missing += 1;
      }
    }
  }

  useAll(): void {
    for (const lane of this.#open.values()) lane.inReserve = false;
  }

  /** For what waits for nothing. */
  best(): Lane | undefined {
    return this.pick(() => Number.POSITIVE_INFINITY) ?? this.all.find((lane) => lane.isOpen);
  }

  /** The lane that rested longest: heartbeats go round. */
  rested(): Lane | undefined {
    return this.all.filter((lane) => lane.isOpen).sort((a, b) => a.sentMs - b.sentMs)[0];
  }

  /**
   * `isDry`: nothing else is to be sent, so a repetition costs no room. A segment lost twice takes TCP three round trips.
   * Those that have just fallen asleep, while others go on; those that have slept for too long; and on a dry line those with
   * few bytes older than `lateMs`: at the end nothing follows a lost segment by which TCP would miss it soon. */
  look(
    nowMs: number,
    { roundTripMs, variationMs, isDry }: { roundTripMs: number; variationMs: number; isDry: boolean },
  ): { slept: Lane[]; gone: Lane[]; late: Lane[]; lateMs: number } {
    const lateMs = roundTripMs + 2 * variationMs + lateSlackMs;
    const late: Lane[] = [];
    const slept: Lane[] = [];
    const gone: Lane[] = [];
    const byNews = [...this.all].sort((a, b) => b.newsMs - a.newsMs);
    for (const lane of this.#open.values()) {
      const { oldestMs } = lane;
      if (oldestMs === undefined) continue;
      const rested = oldestMs - lane.newsMs > restedMs;
      const trips = rested ? 1 : isDry ? 2 : 3;
      const sleepMs = trips * roundTripMs + 4 * variationMs + sleepSlackMs;
      const silentMs = nowMs - Math.max(oldestMs, lane.newsMs);
      // What left later was confirmed elsewhere. While nobody hears anything it is the line that is in doubt, not this lane.
      const others = byNews[0] === lane ? byNews[1] : byNews[0];
      if (!others) continue;
      const isLast = isDry && lane.outstandingBytes <= lateMostBytes && nowMs - oldestMs > lateMs;
      if (isLast && others.newsMs > oldestMs + lateShare * roundTripMs) late.push(lane);
      if (silentMs < sleepMs || others.newsMs < oldestMs + roundTripMs) continue;
      if (lane.outstandingBytes > 0) slept.push(lane);
      if (rested || silentMs > sleepMs + roundTripMs + goneSlackMs) gone.push(lane);
    }
    return { slept, gone, late, lateMs };
  }
}

/** Fewer unconfirmed bytes; among equals the one that rested longer. */
function isBefore(a: Lane, b: Lane): boolean {
  if (a.outstandingBytes !== b.outstandingBytes) return a.outstandingBytes < b.outstandingBytes;
  return a.sentMs < b.sentMs;
}
