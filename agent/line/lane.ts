// One WebSocket to the cloud, aboard: proves the cloud by its HELLO before anything leaves, decodes frames, keeps account of bytes
// sent and confirmed. Everything about documents is the line's.

import type { Failure } from '../../cloud/contract/failure.ts';
import { decodeCloudFrame } from '../../cloud/contract/frame-decoder.ts';
import { encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import {
  type AckFrame,
  arrivalMs,
  type CloudFrame,
  type HelloFrame,
  type YachtFrame,
} from '../../cloud/contract/frames.ts';
import { verifySignature } from '../../cloud/contract/keys.ts';
import { helloMessage } from '../../cloud/contract/signatures.ts';
import type { LaneSocket, LaneSocketEvents } from '../../cloud/contract/socket.ts';
import type { Clock } from '../ports.ts';
import { lineFailure, saidByCloud } from './failures.ts';
import type { LineIdentity } from './upgrade.ts';

export interface LaneOwner {
  frame(lane: Lane, frame: CloudFrame): void;
  /** `news`: what it says of this lane's bytes; undefined when no new ones were confirmed. */
  acknowledged(lane: Lane, ack: AckFrame, news: Confirmed | undefined): void;
  /** Once. The lane is of no more use. */
  lost(lane: Lane, failure: Failure): void;
}

/** New bytes confirmed on a lane. */
export interface Confirmed {
  readonly bytes: number;
  /** Without the time the cloud held the answer back. */
  readonly rttMs: number;
  /** The cloud's monotonic clock at the newest of them. */
  readonly arrivalMs: number;
}

interface Sent {
  /** Bytes of this lane up to and with this frame. */
  readonly upTo: number;
  readonly atMs: number;
}

export class Lane {
  hello: HelloFrame | undefined;
  /** Monotonic time of the newest byte from the cloud. */
  heardMs: number;
  sentBytes = 0;
  confirmedBytes = 0;
  readonly #owner: LaneOwner;
  readonly #clock: Clock;
  readonly #identity: LineIdentity;
  readonly #nonce: string;
  readonly #proved: (hello: HelloFrame) => void;
  #socket: LaneSocket | undefined;
  #sent: Sent[] = [];
  /** Frames that came before the dialer answered. */
  #waiting: Uint8Array[] = [];
  #ended = false;

  constructor(parts: {
    owner: LaneOwner;
    clock: Clock;
    identity: LineIdentity;
    nonce: string;
    /** Called when HELLO bears the cloud's signature over our nonce. */
    proved: (hello: HelloFrame) => void;
  }) {
    this.#owner = parts.owner;
    this.#clock = parts.clock;
    this.#identity = parts.identity;
    this.#nonce = parts.nonce;
    this.#proved = parts.proved;
    this.heardMs = parts.clock.monotonicMs();
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

  get outstandingBytes(): number {
    return this.sentBytes - this.confirmedBytes;
  }

  bufferedBytes(): number {
    return this.#socket?.bufferedBytes() ?? 0;
  }

  /** Answers the bytes handed to the socket. */
  send(frame: YachtFrame): number {
    return this.sendBytes(encodeYachtFrame(frame));
  }

  /** `taken`: the socket reads these bytes no more; may never come. */
  sendBytes(bytes: Uint8Array, taken?: () => void): number {
    if (!this.isOpen) return 0;
    this.sentBytes += bytes.length;
    this.#sent.push({ upTo: this.sentBytes, atMs: this.#clock.monotonicMs() });
    this.#socket?.send(bytes, taken);
    return bytes.length;
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
    if (this.isOpen) this.send({ type: 'BYE', code: 'TENDER_LINE_CLOSING', message: '', retryAfterMs: 0 });
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
    else if (frame.type === 'ACK') this.#acknowledge(frame);
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

  #acknowledge(ack: AckFrame): void {
    const said = ack.lanes.find(({ serial }) => serial === this.hello?.serial);
    if (!said || said.receivedBytes <= this.confirmedBytes) {
      this.#owner.acknowledged(this, ack, undefined); // cumulative: an older word says nothing
      return;
    }
    if (said.receivedBytes > this.sentBytes) {
      this.fail(lineFailure('TENDER_LINE_PROTOCOL')); // more than was ever sent
      return;
    }
    let newest: Sent | undefined;
    let count = 0;
    while (count < this.#sent.length && this.#sent[count]!.upTo <= said.receivedBytes)
      newest = this.#sent[count++];
    this.#sent.splice(0, count);
    const bytes = said.receivedBytes - this.confirmedBytes;
    this.confirmedBytes = said.receivedBytes;
    const rttMs = Math.max(0, this.heardMs - (newest?.atMs ?? this.heardMs) - said.heldMs);
    this.#owner.acknowledged(this, ack, { bytes, rttMs, arrivalMs: arrivalMs(ack, said) });
  }
}

/** A frame as a masked WebSocket message: 2 + 4 bytes of header, and 2 or 8 more for the length (RFC 6455, section 5.2). */
export function messageBytes(frameBytes: number): number {
  return frameBytes + 6 + (frameBytes < 126 ? 0 : frameBytes < 65_536 ? 2 : 8);
}
