// One WebSocket of a session, the shore's end: decodes frames, counts received bytes, ends on what it cannot read. Everything about
// documents, and what is confirmed when and where, is the session's.

import { decodeYachtFrame } from '../contract/frame-decoder.ts';
import { encodeCloudFrame } from '../contract/frame-encoder.ts';
import type { CloudFrame, YachtFrame } from '../contract/frames.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import type { LaneSocket, LaneSocketEvents } from '../contract/socket.ts';
import type { Clock } from '../ports.ts';
import type { LineLimitsAshore } from './limits.ts';

export interface LaneOwner {
  frame(lane: Lane, frame: YachtFrame): void;
  /** So many bytes were read on this lane, and what they say was heeded. */
  arrived(lane: Lane, bytes: number): void;
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
  readonly openedMs: number;
  /** Bytes of all frames read so far. */
  receivedBytes = 0;
  /** Monotonic time of the newest of them; of the opening while none came. */
  arrivalMs: number;
  /** Of the last ACK that went over it: the session takes its lanes in turn. */
  ackedMs = Number.NEGATIVE_INFINITY;
  /** What an ACK has said of `receivedBytes`. */
  toldBytes = 0;
  /** When it was said first. */
  toldMs = 0;
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
    this.openedMs = parts.clock.monotonicMs();
    this.arrivalMs = this.openedMs;
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

  /** Answers the bytes of the frame. */
  send(frame: CloudFrame): number {
    if (this.#ended) return 0;
    const bytes = encodeCloudFrame(frame);
    this.#socket.send(bytes);
    return bytes.length;
  }

  /** What is sent meanwhile leaves in as few packets as it can. */
  together(send: () => void): void {
    if (this.#socket.together) this.#socket.together(send);
    else send();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
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
    this.receivedBytes += bytes.length;
    this.arrivalMs = this.#clock.monotonicMs();
    const decoded = decodeYachtFrame(bytes);
    if ('problem' in decoded) {
      this.bye(decoded.problem);
      return;
    }
    if ('ignored' in decoded) {
      this.#owner.arrived(this, bytes.length);
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
    if (!this.#ended) this.#owner.arrived(this, bytes.length);
  }

  #close(): void {
    if (this.#ended) return;
    this.#finish();
    this.#owner.closed(this);
  }

  #finish(): void {
    this.#ended = true;
    this.#cancelIdle();
  }

  /** A yacht that fell silent long ago has gone without a word. */
  #watchIdle(): void {
    const silentMs = this.#clock.monotonicMs() - this.arrivalMs;
    const left = this.#limits.laneIdleMaxMs - silentMs;
    if (left <= 0) this.bye('TENDER_LINE_CLOSING');
    else this.#cancelIdle = this.#clock.after(left, () => this.#watchIdle());
  }
}
