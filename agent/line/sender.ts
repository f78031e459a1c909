// What leaves, and when: at the pace and within the window, each frame on the lane with the least unconfirmed bytes; what lanes
// have lost goes first. Keeps the line's figures from what is confirmed. Used by line.ts, which says which lanes are open.
import { encodePadding, encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { type AckFrame, arrivalMs, type YachtFrame } from '../../cloud/contract/frames.ts';
import { type Crossing, newEstimate, observe, type Sample } from '../../machines/estimators.ts';
import type { Clock } from '../ports.ts';
import type { FramePool } from './frame-pool.ts';
import { type Lane, messageBytes } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { LineLimitsAboard } from './limits.ts';
import { LinePace } from './pace.ts';
import type { Load, Parcel } from './parcel.ts';
import type { TcpCount } from './repeats.ts';

export interface SenderPorts {
  readonly clock: Clock;
  readonly limits: LineLimitsAboard;
  readonly lanes: Lanes;
  /** Where frames go back to once they have left. */
  readonly frames: FramePool;
  /** The next frame of any document, its slice at most so long. `further`: to go beside one that was just taken. */
  readonly next: (sliceMaxBytes: number, lane: number, further?: 'further') => Parcel | undefined;
  /** Is a frame about this handle still worth saying? */
  readonly isBound: (handle: number) => boolean;
  /** The first byte left on a line on which nothing was outstanding. */
  readonly stirred: () => void;
  readonly crossed: (crossing: Crossing) => void;
  readonly tcpCount?: () => TcpCount | undefined;
}

export class Sender {
  readonly pace: LinePace;
  readonly #ports: SenderPorts;
  #allowedBytes: number;
  #estimate = newEstimate;
  #heldMs = 0;
  #pumping = false;
  #halted = false;
  /** Nothing leaves before. */
  #notBeforeMs = 0;
  #cancelPump: (() => void) | undefined;
  #pumpAtMs = Number.POSITIVE_INFINITY;
  /** Frames that lanes have lost, to be said again. */
  #again: Parcel[] = [];
  wireBytesUp = 0;
  repeatedBytes = 0;
  /** When it was looked last, nothing was to be sent. */
  isDry = true;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
    this.pace = new LinePace(ports.tcpCount);
    this.#allowedBytes = ports.limits.windowMaxBytes;
  }

  /** The cloud allows so much unconfirmed. */
  allow(bytes: number): void {
    this.#allowedBytes = Math.min(bytes, this.#ports.limits.windowMaxBytes);
  }

  /** Nothing answers: nothing leaves any more. */
  halt(): void {
    if (this.#halted) return;
    this.#halted = true;
    this.#rest();
    this.pace.linkLost(this.#now);
  }

  goOn(): void {
    if (!this.#halted) return;
    this.#halted = false;
    this.pace.linkBack(this.#now);
    // The clock of doubt starts anew.
    this.#estimate = {
      ...this.#estimate,
      outstandingSinceMs: this.#ports.lanes.outstandingBytes > 0 ? this.#now : null,
    };
    this.pump();
  }

  get isHalted(): boolean {
    return this.#halted;
  }

  /** The cloud is about to say what it holds: nothing is repeated before. */
  waitFor(ms: number): void {
    this.#notBeforeMs = this.#now + ms;
  }

  throttle(bytesPerSecond: number | null): void {
    this.pace.throttle(bytesPerSecond, this.#now);
    this.pump();
  }

  get roundTripMs(): number | undefined {
    return this.#estimate.srttMs ?? undefined;
  }

  get variationMs(): number {
    return this.#estimate.rttvarMs;
  }

  /** How long the cloud holds its confirmations back, of late at most: on thin lines it is thrifty. */
  get heldMs(): number {
    return this.#heldMs;
  }

  /** How long bytes have been outstanding without any being confirmed. */
  get silentMs(): number {
    const since = this.#estimate.outstandingSinceMs;
    return since === null ? 0 : this.#now - since;
  }

  get figures() {
    const told = this.pace.describe();
    return {
      outstandingBytes: this.#ports.lanes.outstandingBytes,
      windowBytes: Math.round(this.#windowBytes()),
      rateBytesPerSecond: rounded(this.#estimate.rateBps),
      ceilingBytesPerSecond: rounded(told.capBytesPerSecond),
      srttMs: this.#estimate.srttMs,
      wireBytesUp: this.pace.wireBytes,
      repeatedBytes: this.repeatedBytes,
      // Their times as people and pages read them.
      rate: {
        ...told,
        events: told.events.map((event) => ({
          ...event,
          atMs: Math.round(this.#ports.clock.wallMs() - this.#now + event.atMs),
        })),
      },
    };
  }

  /** Fills the window: at every slice the most urgent document that has something to say. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#pumpOne());
    } finally {
      this.#pumping = false;
    }
  }

  /** A frame that waits for nothing; the pace is debited all the same. */
  say(frame: YachtFrame, load: Load, lane: Lane | undefined = this.#ports.lanes.best()): void {
    const parcel = { frame: encodeYachtFrame(frame), load };
    if (lane?.isOpen) this.#send(lane, [parcel]);
    else if (load.kind === 'said') this.#again.push(parcel);
  }

  /** Nothing is to be sent: what padding tells of the rate, a first document need not wait for. */
  sound(): void {
    const { lanes } = this.#ports;
    if (!this.isDry || this.#again.length > 0 || lanes.outstandingBytes > 0) return;
    for (let left = this.pace.soundingBytes(this.#now); left > 0; left -= segmentBytes) {
      const lane = lanes.best();
      if (!lane) return;
      const ping = encodeYachtFrame({ type: 'PING', stamp: Math.floor(this.#now) });
      const passing = { kind: 'passing' } as const;
      this.#send(lane, [
        { frame: encodePadding(paddingBytes), load: passing },
        { frame: ping, load: passing },
      ]);
    }
  }

  /** What a lane has lost goes first. */
  repeat(parcels: readonly Parcel[]): void {
    for (const parcel of parcels) {
      const { load } = parcel;
      if (load.kind === 'slice') {
        this.repeatedBytes += load.to - load.from;
        load.owner.lost(load);
      } else if (load.kind === 'said') {
        this.repeatedBytes += parcel.frame.length;
        this.#again.push(parcel);
      }
    }
    this.#sample({
      kind: 'ack',
      bytes: 0,
      outstandingBytes: this.#ports.lanes.outstandingBytes,
      atMs: this.#now,
    });
  }

  /** No lane is open. */
  stop(): void {
    this.#rest();
  }

  /** The cloud remembers nothing of this session: what was to be said again to it has no meaning. */
  forget(): void {
    this.#again = this.#again.filter(({ load }) => load.kind === 'said' && load.handle === undefined);
  }

  /** Answers the bytes confirmed, over all lanes. */
  acknowledged(ack: AckFrame, atMs: number): number {
    const { lanes } = this.#ports;
    const samples: { lane: number; mark: number; bytes: number; arrivalMs: number }[] = [];
    let bytes = 0;
    for (const said of ack.lanes) {
      const lane = lanes.bySerial(said.serial);
      const news = lane?.confirm(said, atMs);
      if (!lane || !news) continue;
      bytes += news.wireBytes;
      this.#heldMs = Math.max(said.heldMs, this.#heldMs * heldDecay);
      samples.push({
        lane: said.serial,
        mark: news.mark,
        bytes: news.wireBytes,
        arrivalMs: arrivalMs(ack, said),
      });
      this.#sample({ kind: 'rtt', rttMs: Math.max(0, atMs - news.sentMs - said.heldMs), atMs });
    }
    this.pace.confirmed({ samples, atMs });
    this.#sample({ kind: 'ack', bytes, outstandingBytes: lanes.outstandingBytes, atMs });
    return bytes;
  }

  get #now(): number {
    return this.#ports.clock.monotonicMs();
  }

  #windowBytes(): number {
    return Math.min(this.pace.windowBytes(), this.#allowedBytes);
  }

  #pumpOne(): boolean {
    const { lanes, frames } = this.#ports;
    if (this.#halted || lanes.count === 0 || lanes.outstandingBytes >= this.#windowBytes()) return false;
    if (this.#isHushed) return false;
    const waitMs = Math.max(this.#notBeforeMs - this.#now, this.pace.waitMs(this.#now));
    if (waitMs > 0) {
      this.#pumpIn(Math.max(1, Math.ceil(waitMs)));
      return false;
    }
    const lane = lanes.pick((one) => this.pace.laneWindowBytes(one.serial));
    if (!lane) {
      this.#pumpIn(laneFullMs);
      return false;
    }
    const parcels = this.#grain(this.pace.grainBytes(), lane.serial);
    this.isDry = parcels.length === 0;
    if (this.isDry) return false;
    this.#send(lane, parcels, (frame) => frames.give(frame));
    return true;
  }

  /** Longer without a word than the way and the cloud's thrift explain: what leaves now is probably lost. */
  get #isHushed(): boolean {
    const { roundTripMs } = this;
    if (roundTripMs === undefined || this.#ports.lanes.outstandingBytes === 0) return false;
    return this.silentMs > hushTrips * roundTripMs + this.#heldMs + hushSlackMs;
  }

  /** Frames that leave together: what the end of a chunk leaves of the grain is filled, as each record and segment costs. */
  #grain(grainBytes: number, lane: number): Parcel[] {
    const { next } = this.#ports;
    const parcels: Parcel[] = [];
    let parcel = this.#nextAgain() ?? next(grainBytes, lane);
    let leftBytes = grainBytes;
    while (parcel) {
      parcels.push(parcel);
      leftBytes -= messageBytes(parcel.frame.length) + sliceHeaderBytes;
      if (leftBytes < furtherLeastBytes || parcels.length === parcelsPerGrainMax) break;
      parcel = next(leftBytes, lane, 'further');
    }
    return parcels;
  }

  #pumpIn(delayMs: number): void {
    const atMs = this.#now + delayMs;
    if (atMs >= this.#pumpAtMs) return;
    this.#rest();
    this.#pumpAtMs = atMs;
    this.#cancelPump = this.#ports.clock.after(delayMs, () => {
      this.#rest();
      this.pump();
    });
  }

  #rest(): void {
    this.#cancelPump?.();
    this.#cancelPump = undefined;
    this.#pumpAtMs = Number.POSITIVE_INFINITY;
  }

  #nextAgain(): Parcel | undefined {
    for (;;) {
      const parcel = this.#again.shift();
      if (parcel?.load.kind !== 'said') return parcel;
      const { handle } = parcel.load;
      if (handle === undefined || this.#ports.isBound(handle)) return parcel;
    }
  }

  #send(lane: Lane, parcels: readonly Parcel[], taken?: (frame: Uint8Array) => void): void {
    const now = this.#now;
    const wasIdle = this.#ports.lanes.outstandingBytes === 0;
    const wire = parcels.reduce((sum, { frame }) => sum + messageBytes(frame.length), 0);
    this.wireBytesUp += wire;
    lane.send(parcels, this.pace.sent(wire, now), taken);
    if (!wasIdle) return;
    this.#sample({ kind: 'sent', atMs: now });
    this.#ports.stirred();
  }

  #sample(sample: Sample): void {
    const { estimate, event } = observe(this.#estimate, sample);
    this.#estimate = estimate;
    if (event) this.#ports.crossed(event);
  }
}

/** A grain is filled up with what is at least so long, its own headers beside. */
const furtherLeastBytes = 256;
const sliceHeaderBytes = 16;
const parcelsPerGrainMax = 16;
const hushTrips = 1.25;
const hushSlackMs = 300;
/** A segment of TCP, and the padding that fills it beside a PING, headers and their records. */
const segmentBytes = 1_448;
const paddingBytes = 1_360;
/** Per confirmation. */
const heldDecay = 0.98;
/** Looked at again after this long when every lane is full. */
const laneFullMs = 5;

function rounded(bytesPerSecond: number | null): number | null {
  return bytesPerSecond === null ? null : Math.round(bytesPerSecond);
}
