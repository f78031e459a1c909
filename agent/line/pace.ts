// How fast bytes leave, over all lanes together: as the rate finder foresees (machines/rate-finder.ts), and never above the cap that a
// person or the profile sets. Counts what a message costs on the wire with all its headers, and below a cap what TCP sends again. Time
// is passed in. Held by sender.ts.
import { RateFinder } from '../../machines/rate-finder.ts';
import type { Arrival, RateDescription } from '../../machines/rate-finder-description.ts';
import { type Bucket, createBucket, refill } from '../../machines/token-bucket.ts';
import { Repeats, type TcpCount } from './repeats.ts';

/** TLS 1.3 record, and TCP with timestamps over IPv4 per segment of 1,448 bytes; an ACK of ours is one bare segment. */
const recordBytes = 22;
const segmentHeaderBytes = 52;
const segmentBytes = 1_448;
/** The cap's bucket: bursts stay below what a call notices. */
const burstMs = 40;
/** What a busy machine's late timer missed is made up for; whoever comes later than this had nothing to send. */
const lateMostMs = 250;
/** Below a cap, frames are this much of it, and whole segments if that is more than one. */
const cappedGrainMs = 25;
const cappedGrainMinBytes = 512;
/** What opening a lane costs: TCP, TLS with a post-quantum key share, the signed upgrade (measured: 3.3 to 3.5 KB). */
const handshakeBytes = 3_400;
/** Lanes for so many times the cap: what one holds back while TCP mends it is then little of a second. */
const lanesOfCap = 4;
/** What WebSocket and TLS take of a segment. */
const frameOverheadBytes = 40;

/** What a WebSocket message of so many bytes costs on the wire, TLS, TCP and IP included (nothing sent twice). */
export function wireBytesOf(messageBytes: number): number {
  return messageBytes + recordBytes + segmentsOf(messageBytes) * segmentHeaderBytes;
}

function segmentsOf(messageBytes: number): number {
  return Math.ceil((messageBytes + recordBytes) / segmentBytes);
}

export interface PaceDescription extends RateDescription {
  readonly capBytesPerSecond: number | null;
  /** Of TCP's own, as far as it was looked at: below a cap. */
  readonly repeatedBytes: number;
}

/** Pace and windows of all lanes together: what the rate finder foresees, and below the cap that a person or profile sets. */
export class LinePace {
  readonly #finder = new RateFinder();
  #cap: number | undefined;
  #bucket: Bucket | undefined;
  /** When a wait for the cap ends that was told. */
  #dueMs = Number.POSITIVE_INFINITY;
  /** By how much timers were late, as long as that is not made up for; when something left last. */
  #missedMs = 0;
  #leftMs = Number.NEGATIVE_INFINITY;
  #wireBytes = 0;
  #repeatedBytes = 0;
  readonly #repeats: Repeats;

  /** `tcpCount`: what the system's TCP has sent and sent again; absent: nobody knows. */
  constructor(tcpCount: () => TcpCount | undefined = () => undefined) {
    this.#repeats = new Repeats(tcpCount);
  }

  /** All that left, headers included. */
  get wireBytes(): number {
    return this.#wireBytes;
  }

  /** A WebSocket message of so many bytes was handed to a lane. Answers the mark to give back when it is confirmed. */
  sent(messageBytes: number, atMs: number): number {
    const wire = wireBytesOf(messageBytes);
    this.#spend(wire, atMs, segmentsOf(messageBytes));
    return this.#finder.sent(wire, atMs);
  }

  /** An ACK: for each lane with news the mark of its newest whole confirmed frame, its new bytes
   *  as `wireBytesOf` counts them, and the cloud's stamp. */
  confirmed(ack: { readonly samples: readonly Arrival[]; readonly atMs: number }): void {
    this.#spend(segmentHeaderBytes, ack.atMs, 1); // our kernel acknowledges the ACK
    this.#finder.confirmed(ack);
  }

  /** An exchange that waited for nothing: a lane's upgrade. */
  roundTrip(ms: number, atMs: number): void {
    this.#finder.roundTrip(ms, atMs);
  }

  laneOpened(lane: number, atMs: number): void {
    // Not taken from the cap: lanes are opened ahead, and nothing urgent is to wait for one.
    this.#wireBytes += handshakeBytes;
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
    const capMs = tokens > 0 ? 0 : Math.max(1, Math.ceil((-tokens * 1_000) / this.#cap));
    this.#dueMs = capMs > 0 ? nowMs + capMs : Number.POSITIVE_INFINITY;
    return Math.max(waitMs, capMs);
  }

  /** What the line carries, bytes/s, under the cap; undefined while nobody knows. */
  get bytesPerSecond(): number | undefined {
    return this.#carried(1);
  }

  /** What lanes are opened for: a cap taken several times, and what a short train on a busy machine may have hidden of the rate. */
  get lanesBytesPerSecond(): number | undefined {
    return this.#carried(lanesOfCap, 1 + 2 * this.#finder.doubt);
  }

  #carried(timesCap: number, timesRate = 1): number | undefined {
    const rate = Math.min(
      timesRate * (this.#finder.capacity ?? Number.POSITIVE_INFINITY),
      timesCap * (this.#cap ?? Number.POSITIVE_INFINITY),
    );
    return Number.isFinite(rate) ? rate : undefined;
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
    const fair = (this.#cap * cappedGrainMs) / 1_000;
    const whole = Math.round(fair / segmentBytes) * segmentBytes - frameOverheadBytes;
    return Math.floor(Math.min(grain, fair < segmentBytes ? Math.max(cappedGrainMinBytes, fair) : whole));
  }

  describe(): PaceDescription {
    return {
      ...this.#finder.describe(),
      capBytesPerSecond: this.#cap ?? null,
      repeatedBytes: Math.round(this.#repeatedBytes),
    };
  }

  #spend(sentBytes: number, nowMs: number, segments = 0): void {
    this.#wireBytes += sentBytes;
    if (this.#cap === undefined) {
      this.#bucket = undefined;
      return;
    }
    if (segments > 0) this.#repeats.sent(segments, sentBytes);
    const repeatedBytes = this.#repeats.since(nowMs);
    this.#wireBytes += repeatedBytes;
    this.#repeatedBytes += repeatedBytes;
    const bytes = sentBytes + repeatedBytes;
    const sinceDueMs = nowMs - this.#dueMs;
    const lateMs = sinceDueMs > 0 && sinceDueMs <= lateMostMs ? sinceDueMs : 0;
    // The link may take a while to carry what was missed.
    const burst = (this.#cap * burstMs) / 1_000;
    const isMakingUp = nowMs - this.#leftMs <= lateMostMs && (this.#bucket?.tokens ?? 0) > burst;
    this.#missedMs = isMakingUp ? Math.max(this.#missedMs, lateMs) : lateMs;
    if (segments > 0) this.#leftMs = nowMs;
    const policy = { ratePerSecond: this.#cap, burstMax: burst + (this.#cap * this.#missedMs) / 1_000 };
    const bucket = refill(this.#bucket ?? createBucket({ ...policy, burstMax: 0 }, nowMs), policy, nowMs);
    this.#bucket = { ...bucket, tokens: bucket.tokens - bytes };
  }
}
