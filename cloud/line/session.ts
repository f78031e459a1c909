// One boot of one yacht, over all its lanes: its documents (desk.ts), and what is owed to the yacht (acks, receipts, notices,
// inventory). No frame belongs to a lane: each comes and goes over any of them. Fenced when a newer session begins.
// Built by service.ts for the first lane; remembered for a while after the last.
import { codeOf } from '../cloud-error.ts';
import type { YachtFrame } from '../contract/frames.ts';
import type { Signer } from '../contract/keys.ts';
import type { ProblemCode } from '../contract/problems.ts';
import { pongMessage } from '../contract/signatures.ts';
import type { Notices } from '../decide/notices.ts';
import type { NoticeHub } from '../notify/hub.ts';
import type { DeviceScope } from '../ports.ts';
import { Acks } from './acks.ts';
import { Desk, type DeskPorts } from './desk.ts';
import { exceedsLimits } from './frame-limits.ts';
import { heldFrames } from './held-frames.ts';
import { inventoryPage } from './inventory.ts';
import type { Lane } from './lane.ts';
import { NoticePost } from './notice-post.ts';
import { createReceipts, type Receipts } from './receipts.ts';
import { RoundTrip } from './round-trip.ts';
import { Said } from './said.ts';

/** Lanes that have ended and are still remembered. */
const countedMax = 256;

export interface SessionPorts extends DeskPorts {
  readonly notices: Pick<Notices, 'acknowledge'>;
  readonly hub: NoticeHub;
  readonly signer: Signer;
}

export class Session {
  readonly sessionId: string;
  readonly scope: DeviceScope;
  readonly ports: SessionPorts;
  /** Wall time: tells the yacht whether this memory of its session is the one it knew. */
  readonly sinceMs: number;
  readonly #lanes = new Set<Lane>();
  readonly #desk: Desk;
  readonly #roundTrip = new RoundTrip();
  readonly #acks: Acks;
  readonly #said: Said;
  readonly #receipts: Receipts;
  readonly #notices: NoticePost;
  readonly #left: (session: Session) => void;
  readonly #inventories = new Set<Lane>();
  /** What lanes that have ended brought, by serial. */
  readonly #counted = new Map<number, number>();
  #serial = 0;
  #paused = false;
  #over = false;
  #laneLostMs = Number.NEGATIVE_INFINITY;
  #cancelLook: (() => void) | undefined;
  #cancelLinger: (() => void) | undefined;

  constructor(
    sessionId: string,
    scope: DeviceScope,
    cursor: number,
    ports: SessionPorts,
    left: (session: Session) => void,
  ) {
    this.sessionId = sessionId;
    this.scope = scope;
    this.ports = ports;
    this.sinceMs = ports.clock.wallMs();
    this.#left = left;
    const { clock, limits } = ports;
    const shared = {
      clock,
      limits,
      lanes: () => this.#lanes,
      roundTripMs: () => this.#roundTrip.ms,
    };
    this.#said = new Said(shared);
    this.#desk = new Desk(scope, ports, {
      say: (...frames) => this.#said.say(...frames),
      receipt: (receipt) => this.#receipts.add(receipt),
      marksOwed: () => {
        if (this.#lanes.size > 0) this.#acks.soon();
      },
      changed: () => this.#heedLimits(),
      end: (code) => this.end(code),
      holeWaitMs: (openedMs, newestFrameMs) => this.#holeWaitMs(openedMs, newestFrameMs),
    });
    this.#acks = new Acks({
      ...shared,
      takeDurable: (now, repeatMs) => this.#desk.takeDurable(now, repeatMs),
    });
    this.#receipts = createReceipts(ports, (frame) => this.#said.say(frame));
    this.#notices = new NoticePost({ ...shared, ...ports, scope, cursor, end: (...why) => this.end(...why) });
  }

  get laneCount(): number {
    return this.#lanes.size;
  }

  /** For the next lane's HELLO. */
  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** A lane has said HELLO. The first one hears, unasked, what is held; notices after `cursor` follow. */
  join(lane: Lane, cursor: number): void {
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    // A yacht has one lane of each number: an older one is dead, even if nobody has told us yet.
    const dead = [...this.#lanes].filter((one) => one.number === lane.number);
    this.#lanes.add(lane);
    for (const one of dead) one.abandon();
    if (this.#paused) lane.pause();
    if (this.#lanes.size === 1)
      for (const assembly of this.ports.shelf.of(this.scope.deviceId)) {
        if (assembly.scope) for (const frame of heldFrames(assembly, undefined)) lane.send(frame);
      }
    this.#said.laneJoined();
    this.#notices.joined(cursor);
  }

  /** The session may not go on: every lane is told why, nothing of it is remembered. */
  end(code: ProblemCode, retryAfterMs = 0): void {
    for (const lane of [...this.#lanes]) lane.bye(code, retryAfterMs);
    this.#forget();
  }

  laneClosed(lane: Lane): void {
    if (!this.#lanes.delete(lane)) return;
    this.#laneLostMs = this.ports.clock.monotonicMs();
    if (this.#over) return;
    this.#counted.set(lane.serial, lane.receivedBytes);
    if (this.#counted.size > countedMax) this.#counted.delete(this.#counted.keys().next().value!);
    // What that lane may have carried away unheard is said again on the others.
    this.#said.laneGone(lane);
    this.#desk.oweAll();
    this.#notices.laneGone(lane);
    if (this.#lanes.size > 0) {
      this.#acks.laneGone();
      return;
    }
    this.#acks.stop();
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#cancelLinger = this.ports.clock.after(this.ports.limits.sessionLingerMs, () => this.#forget());
  }

  #forget(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelLinger?.();
    this.#cancelLook?.();
    this.#desk.stop();
    this.#acks.stop();
    this.#said.stop();
    this.#notices.stop();
    this.#receipts.stop();
    this.#left(this);
  }

  arrived(lane: Lane, bytes: number): void {
    this.#roundTrip.heard(lane);
    this.#acks.arrived(bytes);
  }

  frame(lane: Lane, frame: YachtFrame): void {
    if (exceedsLimits(frame, this.ports.limits)) {
      lane.bye('TENDER_LIMIT_EXCEEDED');
      return;
    }
    switch (frame.type) {
      case 'SLICE':
      case 'MANIFEST':
      case 'COPY':
      case 'FINISH':
        this.#desk.heed(lane, frame);
        return;
      case 'OFFER':
        this.#desk.open(lane, frame);
        return;
      case 'PACK':
        this.#desk.pack(lane, frame);
        return;
      case 'DROP':
        this.#desk.drop(frame.handle);
        return;
      case 'SEEN':
        this.#notices.seen(frame.cursor);
        return;
      case 'LEFT':
        this.#count(lane, frame.serials);
        return;
      case 'INVENTORY':
        this.#inventory(lane, frame.after);
        return;
      case 'PING':
        this.#acks.now(lane);
        lane.send({
          type: 'PONG',
          stamp: frame.stamp,
          ...(frame.nonce && { signature: this.ports.signer.sign(pongMessage(this.sessionId, frame.nonce)) }),
        });
        return;
      case 'BYE':
        return; // the lane's own business
    }
  }

  /** The yacht has given these up: from now on nothing of them counts. */
  #count(lane: Lane, serials: readonly number[]): void {
    for (const one of [...this.#lanes]) if (one !== lane && serials.includes(one.serial)) one.abandon();
    const lanes = serials.flatMap((serial) => {
      const receivedBytes = this.#counted.get(serial);
      return receivedBytes === undefined ? [] : [{ serial, receivedBytes }];
    });
    this.#said.say({ type: 'COUNTED', lanes });
  }

  /** How long a finish with holes waits still: nothing, when no other lane can have what is missing. */
  #holeWaitMs(openedMs: number, newestFrameMs: number): number {
    if (this.#lanes.size <= 1 && this.#laneLostMs < openedMs) return 0;
    const quietMs = Math.max(this.ports.limits.holeQuietMs, 4 * this.#roundTrip.ms);
    const now = this.ports.clock.monotonicMs();
    const arrivalMs = Math.max(...[...this.#lanes].map((lane) => lane.arrivalMs), this.#laneLostMs);
    // Silence on all lanes, or a long one of this document while others go on.
    return Math.max(0, Math.min(arrivalMs + quietMs, newestFrameMs + 3 * quietMs) - now);
  }

  /** One page at a time and lane; the yacht asks for the next with the last name. */
  #inventory(lane: Lane, after: Uint8Array | undefined): void {
    if (this.#inventories.has(lane)) return;
    this.#inventories.add(lane);
    inventoryPage(this.ports.documents, this.scope, after, this.ports.limits.inventoryPageCount)
      .then(
        (page) => this.#said.say(page),
        (error: unknown) => {
          const code = codeOf(error);
          if (!code) this.ports.log({ event: 'line.inventory.failed', error: String(error) });
          lane.bye(code ?? 'TENDER_CLOUD_INTERNAL');
        },
      )
      .finally(() => this.#inventories.delete(lane));
  }

  // ------------------------------------------------------------------------------ bookkeeping

  /** Reads no more from this yacht while the store lags behind; forgets beginnings of chunks beyond the ceiling. */
  #heedLimits(): void {
    const { shelf, limits } = this.ports;
    shelf.trim(this.scope.deviceId);
    const readyBytes = shelf.readyBytes(this.scope.deviceId) + this.#desk.waitingBytes;
    const full = readyBytes > limits.readyMaxBytes;
    // What makes room may be an upload that nobody has open any more: looked at again for as long as it lasts.
    if (full) this.#cancelLook ??= this.ports.clock.after(limits.ackEveryMs, () => this.#lookAgain());
    if (full === this.#paused) return;
    this.#paused = full;
    for (const lane of this.#lanes) full ? lane.pause() : lane.resume();
  }

  #lookAgain(): void {
    this.#cancelLook = undefined;
    if (this.#lanes.size > 0) this.#heedLimits();
  }
}
