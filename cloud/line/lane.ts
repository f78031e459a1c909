// One WebSocket of a session, the shore's end: decodes frames, counts received bytes, says ACK in time, ends on what it cannot
// read. Everything about documents is the session's.

import { decodeYachtFrame } from '../contract/frame-decoder.ts';
import { encodeCloudFrame } from '../contract/frame-encoder.ts';
import type { AckFrame, CloudFrame, YachtFrame } from '../contract/frames.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import type { LaneSocket, LaneSocketEvents } from '../contract/socket.ts';
import type { Clock } from '../ports.ts';
import type { LineLimitsAshore } from './limits.ts';

export interface LaneOwner {
  frame(lane: Lane, frame: YachtFrame): void;
  /** Newly durable runs to be told, taken once. */
  takeDurable(): AckFrame['documents'];
  closed(lane: Lane): void;
  /** Handling a frame threw: for our log. */
  fault(error: unknown): void;
}

/** WebSocket close codes: 1000 said goodbye, 1008 against the protocol, 1001 going away. */
const closeCodes = { bye: 1000, policy: 1008, away: 1001 } as const;

export class Lane {
  readonly number: number;
  /** Of this connection within its session. */
  readonly serial: number;
  readonly #socket: LaneSocket;
  readonly #owner: LaneOwner;
  readonly #clock: Clock;
  readonly #limits: LineLimitsAshore;
  #received = 0;
  #acknowledged = 0;
  #arrivalMs = 0;
  #cancelAck: (() => void) | undefined;
  #cancelIdle: () => void = () => {};
  #ended = false;

  constructor(
    { number, serial }: { readonly number: number; readonly serial: number },
    parts: { socket: LaneSocket; owner: LaneOwner; clock: Clock; limits: LineLimitsAshore },
  ) {
    this.number = number;
    this.serial = serial;
    this.#socket = parts.socket;
    this.#owner = parts.owner;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
    this.#arrivalMs = parts.clock.monotonicMs();
    this.#watchIdle();
  }

  readonly events: LaneSocketEvents = {
    message: (bytes) => this.#message(bytes),
    closed: () => this.#close(),
  };

  get isOpen(): boolean {
    return !this.#ended;
  }

  bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }

  send(frame: CloudFrame): void {
    if (!this.#ended) this.#socket.send(encodeCloudFrame(frame));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** An ACK at the latest after the usual time; sooner when much has come. */
  ackSoon(): void {
    if (this.#ended) return;
    if (this.#received - this.#acknowledged >= this.#limits.ackEveryBytes) this.ackNow();
    else this.#cancelAck ??= this.#clock.after(this.#limits.ackEveryMs, () => this.ackNow());
  }

  ackNow(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    if (this.#ended) return;
    this.#acknowledged = this.#received;
    const nowMs = this.#clock.monotonicMs();
    const heldMs = Math.max(0, nowMs - this.#arrivalMs);
    this.send({
      type: 'ACK',
      nowMs,
      lanes: [{ serial: this.serial, receivedBytes: this.#received, heldMs }],
      documents: this.#owner.takeDurable(),
    });
  }

  /** Says why, then closes. The yacht's frames already on their way are not read any more. */
  bye(code: ProblemCode, retryAfterMs = 0): void {
    if (this.#ended) return;
    const problem = problems[code];
    this.send({ type: 'BYE', code, message: problem.title, retryAfterMs });
    this.#finish();
    this.#socket.close(problem.class === 'LINK' ? closeCodes.policy : closeCodes.away, code);
    this.#owner.closed(this);
  }

  /** The yacht has opened this lane anew: the old connection is let go of without a word. */
  abandon(): void {
    if (this.#ended) return;
    this.#finish();
    this.#socket.terminate();
    this.#owner.closed(this);
  }

  #message(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#received += bytes.length;
    this.#arrivalMs = this.#clock.monotonicMs();
    const decoded = decodeYachtFrame(bytes);
    if ('problem' in decoded) {
      this.bye(decoded.problem);
      return;
    }
    if ('ignored' in decoded) {
      this.ackSoon();
      return;
    }
    if (decoded.frame.type === 'BYE') {
      this.#finish();
      this.#socket.close(closeCodes.bye, '');
      this.#owner.closed(this);
      return;
    }
    try {
      this.#owner.frame(this, decoded.frame);
    } catch (error) {
      // A mistake of ours: this lane pays for it, no other yacht.
      this.#owner.fault(error);
      this.bye('TENDER_CLOUD_INTERNAL');
    }
    this.ackSoon();
  }

  #close(): void {
    if (this.#ended) return;
    this.#finish();
    this.#owner.closed(this);
  }

  #finish(): void {
    this.#ended = true;
    this.#cancelAck?.();
    this.#cancelIdle();
  }

  /** A yacht that fell silent long ago has gone without a word. */
  #watchIdle(): void {
    const silentMs = this.#clock.monotonicMs() - this.#arrivalMs;
    const left = this.#limits.laneIdleMaxMs - silentMs;
    if (left <= 0) this.bye('TENDER_LINE_CLOSING');
    else this.#cancelIdle = this.#clock.after(left, () => this.#watchIdle());
  }
}
