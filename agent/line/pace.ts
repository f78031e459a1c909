// How fast bytes leave, over all lanes together: as the rate finder foresees (machines/rate-finder.ts), and never above the cap that a
// person or the profile sets. Counts what a message costs on the wire with all its headers. Time is passed in. Held by sender.ts.
import { RateFinder } from '../../machines/rate-finder.ts';
import type { Arrival, RateDescription } from '../../machines/rate-finder-description.ts';
import { type Bucket, createBucket, refill } from '../../machines/token-bucket.ts';

/** TLS 1.3 record, and TCP with timestamps over IPv4 per segment of 1,448 bytes; an ACK of ours is one bare segment. */
const recordBytes = 22;
const segmentHeaderBytes = 52;
const segmentBytes = 1_448;
/** The cap's bucket: bursts stay below what a call notices. */
const burstMs = 40;
/** Below a cap, frames are this much of it. */
const cappedGrainMs = 25;
const cappedGrainMinBytes = 512;

/** What a WebSocket message of so many bytes costs on the wire, TLS, TCP and IP included (nothing sent twice). */
export function wireBytesOf(messageBytes: number): number {
  const record = messageBytes + recordBytes;
  return record + Math.ceil(record / segmentBytes) * segmentHeaderBytes;
}

export interface PaceDescription extends RateDescription {
  readonly capBytesPerSecond: number | null;
}

/** Pace and windows of all lanes together: what the rate finder foresees, and below the cap that a person or profile sets. */
export class LinePace {
  readonly #finder = new RateFinder();
  #cap: number | undefined;
  #bucket: Bucket | undefined;
  #wireBytes = 0;

  /** All that left, headers included. */
  get wireBytes(): number {
    return this.#wireBytes;
  }

  /** A WebSocket message of so many bytes was handed to a lane. Answers the mark to give back when it is confirmed. */
  sent(messageBytes: number, atMs: number): number {
    const wire = wireBytesOf(messageBytes);
    this.#spend(wire, atMs);
    return this.#finder.sent(wire, atMs);
  }

  /** An ACK: for each lane with news the mark of its newest whole confirmed frame, its new bytes
   *  as `wireBytesOf` counts them, and the cloud's stamp. */
  confirmed(ack: { readonly samples: readonly Arrival[]; readonly atMs: number }): void {
    this.#spend(segmentHeaderBytes, ack.atMs); // our kernel acknowledges the ACK
    this.#finder.confirmed(ack);
  }

  /** An exchange that waited for nothing: a lane's upgrade. */
  roundTrip(ms: number, atMs: number): void {
    this.#finder.roundTrip(ms, atMs);
  }

  laneOpened(lane: number, atMs: number): void {
    this.#finder.laneOpened(lane, atMs);
  }

  /** With the wire bytes on it that were never confirmed. */
  laneLost(lane: number, unconfirmedBytes: number): void {
    this.#finder.laneLost(lane, unconfirmedBytes);
  }

  /** Nothing answers on any lane: nothing leaves until `linkBack`. */
  linkLost(atMs: number): void {
    this.#finder.linkLost(atMs);
  }

  linkBack(atMs: number): void {
    this.#finder.linkBack(atMs);
  }

  /** A hard ceiling on wire bytes; null lifts it. */
  throttle(bytesPerSecond: number | null, atMs: number): void {
    this.#spend(0, atMs);
    this.#cap = bytesPerSecond === null ? undefined : Math.max(1, bytesPerSecond);
    this.#spend(0, atMs);
  }

  /** Asked when the line has nothing to do: bytes of padding that would tell its rate, in segments' worth; 0: none. */
  soundingBytes(nowMs: number): number {
    return this.#cap === undefined ? this.#finder.soundingBytes(nowMs) : 0;
  }

  /** The answer to a first padding is awaited. */
  get isSounding(): boolean {
    return this.#finder.isSounding;
  }

  /** How long nothing may leave; 0: a frame of `grainBytes` now. */
  waitMs(nowMs: number): number {
    const waitMs = this.#finder.waitMs(nowMs);
    if (this.#cap === undefined) return waitMs;
    this.#spend(0, nowMs);
    const { tokens } = this.#bucket!;
    return Math.max(waitMs, tokens > 0 ? 0 : Math.max(1, Math.ceil((-tokens * 1_000) / this.#cap)));
  }

  /** What the line carries, bytes/s, under the cap; undefined while nobody knows. */
  get bytesPerSecond(): number | undefined {
    const { capacity } = this.#finder;
    return this.#cap === undefined ? capacity : Math.min(this.#cap, capacity ?? this.#cap);
  }

  /** Unconfirmed bytes, all lanes together, at most. */
  windowBytes(): number {
    return this.#finder.windowBytes();
  }

  /** Unconfirmed bytes of one lane at most: more would wait in its kernel. */
  laneWindowBytes(lane: number): number {
    return this.#finder.laneWindowBytes(lane);
  }

  /** How long the next slice should be, so that it fills whole segments. */
  grainBytes(): number {
    const grain = this.#finder.grainBytes();
    if (this.#cap === undefined) return grain;
    return Math.floor(Math.min(grain, Math.max(cappedGrainMinBytes, (this.#cap * cappedGrainMs) / 1_000)));
  }

  describe(): PaceDescription {
    return { ...this.#finder.describe(), capBytesPerSecond: this.#cap ?? null };
  }

  #spend(bytes: number, nowMs: number): void {
    this.#wireBytes += bytes;
    if (this.#cap === undefined) {
      this.#bucket = undefined;
      return;
    }
    const policy = { ratePerSecond: this.#cap, burstMax: (this.#cap * burstMs) / 1_000 };
    const bucket = refill(this.#bucket ?? createBucket({ ...policy, burstMax: 0 }, nowMs), policy, nowMs);
    this.#bucket = { ...bucket, tokens: bucket.tokens - bytes };
  }
}
