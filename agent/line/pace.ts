// How much may be on its way, and how fast: the window from measured rate and round trip, the pace once delay grows, and the
// ceiling that a person or profile sets. Time is passed in. One for all lanes: several share one line.

import { type Arrival, type RateDescription, RateFinder } from '../../machines/rate-finder.ts';
import { type Bucket, createBucket, refill } from '../../machines/token-bucket.ts';
import type { LineLimitsAboard } from './limits.ts';

/** Delay over the smallest seen that is called growth (peers, point 5). */
const delayGrowthMs = 50;
/** Below this delay there is room again. */
const delayRoomMs = 25;
/** Faster lines are never paced: their queues are shorter than a timer's grain. 100 Mbit/s. */
const pacedBelowBytesPerSecond = 12_500_000;
/** A rate sample spans at least this much of the cloud's clock, and stands for so long. */
const sampleMinMs = 50;
const sampleMemoryMs = 10_000;
/** The smallest round trip is forgotten after one to two of these: LEO changes its path every 15 s. */
const minRttMemoryMs = 30_000;
/** Start is over when so many samples brought no growth of a quarter (as BBR has it). */
const plateauSamples = 5;
/** The throttle's bucket: bursts stay below what a call notices. */
const burstMs = 40;

export class Pace {
  readonly #limits: LineLimitsAboard;
  #grownBytes: number;
  #rates: { at: number; rate: number }[] = [];
  /** The highest of them: asked for with every slice, it changes with a sample. */
  #rate: number | undefined;
  #sample: { arrivalMs: number; bytes: number } | undefined;
  #plateau = { rate: 0, count: 0 };
  #minRtt: { now: number; before: number; since: number } | undefined;
  #delayMs = 0;
  #paced: number | undefined;
  #pacedAt = 0;
  #growths = 0;
  #cap: number | undefined;
  #bucket: Bucket | undefined;

  constructor(limits: LineLimitsAboard) {
    this.#limits = limits;
    this.#grownBytes = limits.windowStartBytes;
  }

  /** Highest delivery rate of late, bytes/s; undefined before enough was confirmed. */
  get rate(): number | undefined {
    return this.#rate;
  }

  get isPaced(): boolean {
    return this.#paced !== undefined;
  }

  get minRttMs(): number | undefined {
    return this.#minRtt && Math.min(this.#minRtt.now, this.#minRtt.before);
  }

  /** Bytes per second that may leave, from the pace and the ceiling; undefined: as the window allows. */
  get ceiling(): number | undefined {
    if (this.#cap === undefined) return this.#paced;
    return Math.min(this.#cap, this.#paced ?? Number.POSITIVE_INFINITY);
  }

  /** A hard ceiling on everything handed to sockets, bytes/s; null lifts it. */
  throttle(bytesPerSecond: number | null, nowMs: number): void {
    this.#settle(nowMs);
    this.#cap = bytesPerSecond === null ? undefined : Math.max(1, bytesPerSecond);
  }

  /** A lane's proof of life before any byte: the upgrade's round trip. */
  roundTrip(rttMs: number, nowMs: number): void {
    const min = this.#minRtt;
    if (!min) this.#minRtt = { now: rttMs, before: rttMs, since: nowMs };
    else if (nowMs - min.since < minRttMemoryMs) min.now = Math.min(min.now, rttMs);
    else this.#minRtt = { now: rttMs, before: min.now, since: nowMs };
  }

  /** An ACK: so many more bytes arrived, the newest when the cloud's clock showed `arrivalMs`; after that round trip. */
  acknowledged(
    ack: {
      readonly bytes: number;
      readonly arrivalMs: number;
      readonly rttMs: number;
      readonly wasFull: boolean;
    },
    nowMs: number,
  ): void {
    this.roundTrip(ack.rttMs, nowMs);
    this.#delayMs = ack.rttMs - (this.minRttMs ?? ack.rttMs);
    if (ack.wasFull) this.#grownBytes = Math.min(this.#grownBytes + ack.bytes, this.#limits.windowMaxBytes);
    this.#measure(ack, nowMs);
    this.#steer(nowMs);
  }

  /** A new lane: its clock of arrivals is the same, its first bytes are not comparable. */
  restart(): void {
    this.#sample = undefined;
    this.#growths = 0;
  }

  windowBytes(): number {
    const { windowStartBytes, windowMaxBytes, windowSlackMs } = this.#limits;
    const { rate, minRttMs } = this;
    if (rate === undefined || minRttMs === undefined) return Math.min(this.#grownBytes, windowMaxBytes);
    const gain = this.#plateau.count >= plateauSamples ? 1 : 2;
    const fair = Math.min(rate, this.ceiling ?? rate) * ((minRttMs + windowSlackMs) / 1_000) * gain;
    return Math.max(windowStartBytes / 4, Math.min(fair, this.#grownBytes, windowMaxBytes));
  }

  sliceBytes(): number {
    const { sliceMs, sliceMinBytes, sliceMaxBytes, sliceStartBytes } = this.#limits;
    const rate = this.ceiling ?? this.rate;
    const fair = rate === undefined ? sliceStartBytes : (rate * sliceMs) / 1_000;
    return Math.floor(Math.max(sliceMinBytes, Math.min(fair, sliceMaxBytes)));
  }

  /** How long nothing may leave; 0: now. */
  waitMs(nowMs: number): number {
    const ceiling = this.ceiling;
    if (ceiling === undefined) return 0;
    const bucket = this.#settle(nowMs)!;
    return bucket.tokens > 0 ? 0 : Math.max(1, Math.ceil((-bucket.tokens * 1_000) / ceiling));
  }

  /** Bytes left (also those that never wait, such as heartbeats: they are owed). */
  spent(bytes: number, nowMs: number): void {
    const bucket = this.#settle(nowMs);
    if (bucket) this.#bucket = { ...bucket, tokens: bucket.tokens - bytes };
  }

  #settle(nowMs: number): Bucket | undefined {
    const ceiling = this.ceiling;
    if (ceiling === undefined) {
      this.#bucket = undefined;
      return undefined;
    }
    const policy = { ratePerSecond: ceiling, burstMax: (ceiling * burstMs) / 1_000 };
    this.#bucket = refill(this.#bucket ?? createBucket({ ...policy, burstMax: 0 }, nowMs), policy, nowMs);
    return this.#bucket;
  }

  #measure(ack: { bytes: number; arrivalMs: number }, nowMs: number): void {
    const sample = this.#sample;
    if (!sample) {
      this.#sample = { arrivalMs: ack.arrivalMs, bytes: 0 };
      return;
    }
    sample.bytes += ack.bytes;
    const spanMs = ack.arrivalMs - sample.arrivalMs;
    if (spanMs < sampleMinMs) return;
    const rate = (sample.bytes * 1_000) / spanMs;
    this.#sample = { arrivalMs: ack.arrivalMs, bytes: 0 };
    this.#rates = [...this.#rates.filter((old) => nowMs - old.at < sampleMemoryMs), { at: nowMs, rate }];
    if (this.#rates.length > 64) this.#rates.shift();
    this.#rate = Math.max(...this.#rates.map((one) => one.rate));
    if (rate > this.#plateau.rate * 1.25) this.#plateau = { rate, count: 0 };
    else this.#plateau.count += 1;
  }

  /** Paces just below what arrives once delay grows; feels its way up again while there is room. */
  #steer(nowMs: number): void {
    const { rate } = this;
    if (rate === undefined || rate > pacedBelowBytesPerSecond) {
      this.#paced = undefined;
      return;
    }
    const stepMs = (this.minRttMs ?? 0) + this.#limits.windowSlackMs;
    this.#growths = this.#delayMs > delayGrowthMs ? this.#growths + 1 : 0;
    if (nowMs - this.#pacedAt < stepMs) return;
    const recent = this.#rates.at(-1)!.rate;
    if (this.#growths >= 2) {
      this.#paced = this.#paced === undefined ? recent * 0.95 : Math.min(this.#paced * 0.9, rate);
      this.#pacedAt = nowMs;
    } else if (this.#paced !== undefined && this.#delayMs < delayRoomMs) {
      this.#paced = this.#paced > rate * 2 ? undefined : this.#paced * 1.03;
      this.#pacedAt = nowMs;
    }
    if (this.#paced !== undefined) this.#paced = Math.max(this.#paced, this.#limits.sliceMinBytes);
  }
}

/** TLS 1.3 record, and TCP with timestamps over IPv4 per segment of 1,448 bytes; an ACK of ours is one bare segment. */
const recordBytes = 22;
const segmentHeaderBytes = 52;
const segmentBytes = 1_448;
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

  /** An ACK: for each lane with news the mark of its newest whole confirmed frame, its new bytes, and the cloud's stamp. */
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

  /** How long nothing may leave; 0: a frame of `grainBytes` now. */
  waitMs(nowMs: number): number {
    const waitMs = this.#finder.waitMs(nowMs);
    if (this.#cap === undefined) return waitMs;
    this.#spend(0, nowMs);
    const { tokens } = this.#bucket!;
    return Math.max(waitMs, tokens > 0 ? 0 : Math.max(1, Math.ceil((-tokens * 1_000) / this.#cap)));
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
