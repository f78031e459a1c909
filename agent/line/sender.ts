// What leaves, and when: fills the window of the open lane with the most urgent frames, at the pace and below the ceiling; keeps
// the line's figures from what is confirmed. Used by line.ts, which says which lane is open.
import type { YachtFrame } from '../../cloud/contract/frames.ts';
import { type Crossing, inDoubt, newEstimate, observe, type Sample } from '../../machines/estimators.ts';
import type { Clock } from '../ports.ts';
import type { FramePool } from './frame-pool.ts';
import { type Confirmed, type Lane, messageBytes } from './lane.ts';
import type { LineLimitsAboard } from './limits.ts';
import { Pace } from './pace.ts';

/** Looked at again after this long when the socket, not the line, is full. */
const socketFullMs = 2;

export interface SenderPorts {
  readonly clock: Clock;
  readonly limits: LineLimitsAboard;
  /** Where frames go back to once they have left. */
  readonly frames: FramePool;
  /** The next frame of any document, its slice at most so long. */
  readonly next: (sliceMaxBytes: number) => Uint8Array | undefined;
  /** The first byte left on a line on which nothing was outstanding. */
  readonly stirred: () => void;
  readonly crossed: (crossing: Crossing) => void;
}

export class Sender {
  readonly #ports: SenderPorts;
  readonly #pace: Pace;
  #lane: Lane | undefined;
  #allowedBytes: number;
  #estimate = newEstimate;
  #windowWasFull = false;
  #pumping = false;
  #cancelPump: (() => void) | undefined;
  wireBytesUp = 0;

  constructor(ports: SenderPorts) {
    this.#ports = ports;
    this.#pace = new Pace(ports.limits);
    this.#allowedBytes = ports.limits.windowMaxBytes;
  }

  /** A proven lane; the cloud allows so much unconfirmed on it. */
  open(lane: Lane, allowedBytes: number): void {
    this.#lane = lane;
    this.#allowedBytes = allowedBytes;
    this.#estimate = { ...newEstimate, degraded: this.#estimate.degraded };
    this.#pace.restart();
  }

  close(): void {
    this.#lane = undefined;
    this.#cancelPump?.();
    this.#cancelPump = undefined;
  }

  throttle(bytesPerSecond: number | null): void {
    this.#pace.throttle(bytesPerSecond, this.#ports.clock.monotonicMs());
    this.pump();
  }

  get inDoubt(): boolean {
    return inDoubt(this.#estimate, this.#ports.clock.monotonicMs());
  }

  get figures() {
    const { rate, ceiling } = this.#pace;
    return {
      outstandingBytes: this.#lane?.outstandingBytes ?? 0,
      windowBytes: Math.round(this.#window()),
      rateBytesPerSecond: rate === undefined ? null : Math.round(rate),
      ceilingBytesPerSecond: ceiling === undefined ? null : Math.round(ceiling),
      srttMs: this.#estimate.srttMs,
      wireBytesUp: this.wireBytesUp,
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

  /** A frame that waits for nothing; the ceiling is debited all the same. */
  say(frame: YachtFrame): void {
    const lane = this.#lane;
    if (!lane?.isOpen) return;
    const before = lane.outstandingBytes;
    this.#count(lane.send(frame), before, this.#ports.clock.monotonicMs());
  }

  /** Undefined: an ACK without news of bytes. */
  acknowledged(news: Confirmed | undefined): void {
    const now = this.#ports.clock.monotonicMs();
    if (news) {
      const { bytes, arrivalMs, rttMs } = news;
      this.#sample({ kind: 'rtt', rttMs, atMs: now });
      this.#pace.acknowledged({ bytes, arrivalMs, rttMs, wasFull: this.#windowWasFull }, now);
      this.#windowWasFull = false;
    }
    const outstandingBytes = this.#lane?.outstandingBytes ?? 0;
    this.#sample({ kind: 'ack', bytes: news?.bytes ?? 0, outstandingBytes, atMs: now });
  }

  #window(): number {
    return Math.min(this.#pace.windowBytes(), this.#allowedBytes);
  }

  #pumpOne(): boolean {
    const lane = this.#lane;
    if (!lane?.isOpen) return false;
    if (lane.outstandingBytes >= this.#window()) {
      this.#windowWasFull = true;
      return false;
    }
    const { clock, limits, frames, next } = this.#ports;
    const now = clock.monotonicMs();
    const waitMs = lane.bufferedBytes() > limits.socketMaxBytes ? socketFullMs : this.#pace.waitMs(now);
    if (waitMs > 0) {
      this.#cancelPump ??= clock.after(waitMs, () => {
        this.#cancelPump = undefined;
        this.pump();
      });
      return false;
    }
    const bytes = next(this.#pace.sliceBytes());
    if (!bytes) return false;
    const before = lane.outstandingBytes;
    this.#count(
      lane.sendBytes(bytes, () => frames.give(bytes)),
      before,
      now,
    );
    return true;
  }

  #count(bytes: number, outstandingBefore: number, now: number): void {
    const wire = messageBytes(bytes);
    this.wireBytesUp += wire;
    this.#pace.spent(wire, now);
    if (outstandingBefore > 0) return;
    this.#sample({ kind: 'sent', atMs: now });
    this.#ports.stirred();
  }

  #sample(sample: Sample): void {
    const { estimate, event } = observe(this.#estimate, sample);
    this.#estimate = estimate;
    if (event) this.#ports.crossed(event);
  }
}
