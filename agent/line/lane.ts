// One WebSocket to the cloud, aboard: proves the cloud by its HELLO before anything leaves, decodes frames, keeps what it carries
// until the shore has confirmed it, on whatever lane that is said. Everything about documents is the line's.

import type { Failure } from '../../cloud/contract/failure.ts';
import { decodeCloudFrame } from '../../cloud/contract/frame-decoder.ts';
import { encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import type { AckFrame, CloudFrame, HelloFrame, LaneAck } from '../../cloud/contract/frames.ts';
import { verifySignature } from '../../cloud/contract/keys.ts';
import { helloMessage } from '../../cloud/contract/signatures.ts';
import type { LaneSocket, LaneSocketEvents } from '../../cloud/contract/socket.ts';
import type { Clock } from '../ports.ts';
import { lineFailure, saidByCloud } from './failures.ts';
import { wireBytesOf } from './pace.ts';
import type { Parcel } from './parcel.ts';
import type { LineIdentity } from './upgrade.ts';

export interface LaneOwner {
  frame(lane: Lane, frame: CloudFrame): void;
  /** Speaks of any lane of the session, not only of the one it came on. */
  acknowledged(lane: Lane, ack: AckFrame): void;
  /** Once. The lane is of no more use. */
  lost(lane: Lane, failure: Failure): void;
}

/** New bytes confirmed on a lane. */
export interface Confirmed {
  /** As they cost on the wire. */
  readonly wireBytes: number;
  /** The newest frame among them: when it left, and what the rate finder calls it. */
  readonly sentMs: number;
  readonly mark: number;
}

interface Sent extends Parcel {
  /** Bytes of this lane up to and with this frame. */
  readonly upTo: number;
  readonly bytes: number;
  readonly wireBytes: number;
  readonly atMs: number;
  readonly mark: number;
  /** It was given up here and goes elsewhere. */
  given: boolean;
}

const noBytes = new Uint8Array(0);

export class Lane {
  /** 0 … 15, of those open at once. */
  readonly number: number;
  hello: HelloFrame | undefined;
  /** Monotonic time of the newest byte from the cloud. */
  heardMs: number;
  /** Monotonic time at which something left, and at which something of it was confirmed, last. */
  sentMs: number;
  newsMs: number;
  sentBytes = 0;
  confirmedBytes = 0;
  /** Kept free of bytes: TCP that waits for nothing is the first to carry on after an outage, or where another fell asleep. */
  inReserve = false;
  /** Its oldest bytes have waited for too long: they go elsewhere, and nothing more goes here until it wakes up. */
  asleep = false;
  readonly #owner: LaneOwner;
  readonly #clock: Clock;
  readonly #identity: LineIdentity;
  readonly #nonce: string;
  readonly #proved: (hello: HelloFrame) => void;
  #socket: LaneSocket | undefined;
  #sent: Sent[] = [];
  #givenBytes = 0;
  /** Frames that came before the dialer answered. */
  #waiting: Uint8Array[] = [];
  #ended = false;

  constructor(parts: {
    number: number;
    owner: LaneOwner;
    clock: Clock;
    identity: LineIdentity;
    nonce: string;
    /** Called when HELLO bears the cloud's signature over our nonce. */
    proved: (hello: HelloFrame) => void;
  }) {
    this.number = parts.number;
    this.#owner = parts.owner;
    this.#clock = parts.clock;
    this.#identity = parts.identity;
    this.#nonce = parts.nonce;
    this.#proved = parts.proved;
    this.heardMs = parts.clock.monotonicMs();
    this.sentMs = this.heardMs;
    this.newsMs = this.heardMs;
  }

  readonly events: LaneSocketEvents = {
    message: (bytes) => this.#message(bytes),
    closed: () => this.fail(lineFailure('TENDER_LINE_CUT')),
  };

  /** The dialer's answer; frames may have come before it. */
  attach(socket: LaneSocket): void {
    this.#socket = socket;
    if (this.#ended) socket.terminate();
    for (const bytes of this.#waiting.splice(0)) this.#message(bytes);
  }

  get isOpen(): boolean {
    return this.hello !== undefined && !this.#ended;
  }

  /** Of this connection within the cloud's memory of the session; ACKs name it so. */
  get serial(): number {
    return this.hello?.serial ?? 0;
  }

  /** Unconfirmed and not given up. */
  get outstandingBytes(): number {
    return this.sentBytes - this.confirmedBytes - this.#givenBytes;
  }

  bufferedBytes(): number {
    return this.#socket?.bufferedBytes() ?? 0;
  }

  /** When the oldest unconfirmed frame left; undefined: nothing is on its way. */
  get oldestMs(): number | undefined {
    return this.#sent[0]?.atMs;
  }

  /** Open, and nothing is on its way. */
  get isAtRest(): boolean {
    return this.isOpen && this.#sent.length === 0;
  }

  /**
   * These leave together. `mark`: the rate finder's name for them. `taken`: the socket reads this frame's bytes no more; may
   * never come. */
  send(parcels: readonly Parcel[], mark: number, taken?: (frame: Uint8Array) => void): void {
    const socket = this.#socket;
    if (!this.isOpen || !socket) return;
    const sendAll = () => {
      for (const { frame } of parcels) socket.send(frame, taken && (() => taken(frame)));
    };
    this.sentMs = this.#clock.monotonicMs();
    const { sentMs: atMs } = this;
    let messagesBytes = 0;
    let countedBytes = 0;
    for (const { frame, load } of parcels) {
      this.sentBytes += frame.length;
      messagesBytes += messageBytes(frame.length);
      // A slice is cut again from its chunk; its frame goes back to the pool.
      const kept = load.kind === 'said' ? frame : noBytes;
      const { sentBytes: upTo } = this;
      const wireBytes = wireBytesOf(messagesBytes) - countedBytes;
      countedBytes += wireBytes;
      this.#sent.push({ frame: kept, load, upTo, bytes: frame.length, wireBytes, atMs, mark, given: false });
    }
    if (parcels.length > 1 && socket.together) socket.together(sendAll);
    else sendAll();
  }

  /** What an ACK says of this lane; undefined when it is no news. */
  confirm(said: LaneAck, nowMs: number): Confirmed | undefined {
    if (said.receivedBytes <= this.confirmedBytes) return undefined; // cumulative: an older word says nothing
    if (said.receivedBytes > this.sentBytes) {
      this.fail(lineFailure('TENDER_LINE_PROTOCOL')); // more than was ever sent
      return undefined;
    }
    let newest: Sent | undefined;
    let count = 0;
    let wireBytes = 0;
    while (count < this.#sent.length && this.#sent[count]!.upTo <= said.receivedBytes) {
      newest = this.#sent[count++]!;
      wireBytes += newest.wireBytes;
      if (!newest.given) continue;
      this.#givenBytes -= newest.bytes;
      if (newest.load.kind === 'slice') newest.load.owner.arrived(newest.load);
    }
    this.#sent.splice(0, count);
    this.confirmedBytes = said.receivedBytes;
    this.newsMs = nowMs;
    this.asleep = false;
    return newest && { wireBytes, sentMs: newest.atMs, mark: newest.mark };
  }

  /** All that is unconfirmed, as it cost on the wire. */
  get unconfirmedWireBytes(): number {
    return this.#sent.reduce((sum, one) => sum + one.wireBytes, 0);
  }

  /** What is unconfirmed, oldest first, each once, of what left before `beforeMs`: it goes on other lanes. */
  giveUp(beforeMs = Number.POSITIVE_INFINITY): Parcel[] {
    const given = this.#sent.filter((one) => !one.given && one.atMs < beforeMs);
    for (const one of given) {
      one.given = true;
      this.#givenBytes += one.bytes;
    }
    return given;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Says goodbye; the owner is not told. */
  close(): void {
    if (this.#ended) return;
    const bye = { type: 'BYE', code: 'TENDER_LINE_CLOSING', message: '', retryAfterMs: 0 } as const;
    if (this.isOpen) this.#socket?.send(encodeYachtFrame(bye));
    this.#ended = true;
    this.#socket?.close(1000, '');
  }

  /** Ends it without asking; the owner is not told. */
  abandon(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket?.terminate();
  }

  fail(failure: Failure): void {
    if (this.#ended) return;
    this.abandon();
    this.#owner.lost(this, failure);
  }

  #message(bytes: Uint8Array): void {
    if (this.#ended) return;
    if (!this.#socket) {
      this.#waiting.push(bytes);
      return;
    }
    this.heardMs = this.#clock.monotonicMs();
    const decoded = decodeCloudFrame(bytes);
    if (!this.hello) {
      this.#prove(bytes, 'frame' in decoded ? decoded.frame : undefined);
      return;
    }
    if ('ignored' in decoded) return;
    if ('problem' in decoded || decoded.frame.type === 'HELLO') {
      this.fail(lineFailure('TENDER_LINE_PROTOCOL'));
      return;
    }
    const { frame } = decoded;
    if (frame.type === 'BYE') this.fail(saidByCloud(frame));
    else if (frame.type === 'ACK') this.#owner.acknowledged(this, frame);
    else this.#owner.frame(this, frame);
  }

  /** The first frame is the cloud's proof; whatever else came first is not our cloud. */
  #prove(bytes: Uint8Array, frame: CloudFrame | undefined): void {
    if (frame?.type !== 'HELLO') {
      this.fail(lineFailure('TENDER_CLOUD_UNPROVEN'));
      return;
    }
    const { deviceId, cloudKeys } = this.#identity;
    const body = bytes.subarray(0, bytes.length - frame.signature.length);
    const message = helloMessage(this.#nonce, deviceId, body);
    if (!cloudKeys.some((key) => verifySignature(key, message, frame.signature))) {
      this.fail(lineFailure('TENDER_HELLO_FORGED'));
      return;
    }
    this.hello = frame;
    this.#proved(frame);
  }
}

/** A frame as a masked WebSocket message: 2 + 4 bytes of header, and 2 or 8 more for the length (RFC 6455, section 5.2). */
export function messageBytes(frameBytes: number): number {
  return frameBytes + 6 + (frameBytes < 126 ? 0 : frameBytes < 65_536 ? 2 : 8);
}
