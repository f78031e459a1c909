// One boot of one yacht, over all its lanes: documents open under handles, and what is owed to the yacht (durable marks, wants,
// receipts, notices, inventory). No frame belongs to a lane: each comes and goes over any of them. Fenced when a newer session begins.
// Built by service.ts for the first lane; remembered for a while after the last.
import { codeOf } from '../cloud-error.ts';
import type { AckFrame, OfferFrame, YachtFrame } from '../contract/frames.ts';
import type { Signer } from '../contract/keys.ts';
import { nameFromBytes } from '../contract/name.ts';
import type { PackDocument } from '../contract/pack.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import { type Run, RunSet } from '../contract/runs.ts';
import { pongMessage } from '../contract/signatures.ts';
import type { Documents } from '../decide/documents.ts';
import type { Notices } from '../decide/notices.ts';
import type { NoticeHub } from '../notify/hub.ts';
import type { Clock, DeviceScope, Receipt } from '../ports.ts';
import { Acks } from './acks.ts';
import type { DecodeChunk } from './decode.ts';
import { DurableMarks } from './durable-marks.ts';
import { type EarlyFrame, EarlyFrames } from './early-frames.ts';
import { exceedsLimits, isNameable } from './frame-limits.ts';
import { Handles } from './handles.ts';
import { heldFrames } from './held-frames.ts';
import { inventoryPage } from './inventory.ts';
import type { Lane } from './lane.ts';
import type { LineLimitsAshore } from './limits.ts';
import { NoticePost } from './notice-post.ts';
import { OpenDocument } from './open-document.ts';
import { Packs } from './packs.ts';
import { createReceipts, type Receipts } from './receipts.ts';
import { RoundTrip } from './round-trip.ts';
import { Said } from './said.ts';
import type { Shelf } from './shelf.ts';
import { Wants } from './wants.ts';

export interface SessionPorts {
  readonly documents: Documents;
  readonly notices: Pick<Notices, 'acknowledge'>;
  readonly hub: NoticeHub;
  readonly shelf: Shelf;
  readonly decodeChunk: DecodeChunk;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly limits: LineLimitsAshore;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

export class Session {
  readonly sessionId: string;
  readonly scope: DeviceScope;
  readonly ports: SessionPorts;
  /** Wall time: tells the yacht whether this memory of its session is the one it knew. */
  readonly sinceMs: number;
  readonly #lanes = new Set<Lane>();
  readonly #handles: Handles;
  readonly #marks = new DurableMarks();
  readonly #roundTrip = new RoundTrip();
  readonly #acks: Acks;
  readonly #said: Said;
  readonly #wants: Wants;
  readonly #early: EarlyFrames;
  readonly #packs: Packs;
  readonly #receipts: Receipts;
  readonly #notices: NoticePost;
  readonly #left: (session: Session) => void;
  readonly #inventories = new Set<Lane>();
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
    const { clock, limits, documents, log } = ports;
    const shared = {
      clock,
      limits,
      lanes: () => this.#lanes,
      roundTripMs: () => this.#roundTrip.ms,
    };
    this.#handles = new Handles(limits.endedHandlesMax);
    this.#acks = new Acks({ ...shared, takeDurable: (now, repeatMs) => this.#takeDurable(now, repeatMs) });
    this.#said = new Said(shared);
    this.#wants = new Wants(clock, limits.receiptGatherMs, (frames) => this.#said.say(...frames));
    this.#early = new EarlyFrames(clock, limits, (handle) => this.refuse(handle, 'TENDER_UPLOAD_UNKNOWN'));
    this.#packs = new Packs({
      documents,
      scope,
      limits,
      log,
      take: (document) => this.#takePacked(document),
      stored: (handle, receipt) => this.finished(handle, receipt),
      refuse: (handle, code) => this.refuse(handle, code),
      end: (code) => this.end(code),
      changed: () => this.#heedLimits(),
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
    // What that lane may have carried away unheard is said again on the others.
    this.#said.laneGone(lane);
    for (const [handle, document] of this.#handles.open()) this.#owe(handle, document.assembly.durable.runs);
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
    for (const [, document] of this.#handles.open()) document.leave();
    this.#marks.clear();
    this.#acks.stop();
    this.#said.stop();
    this.#wants.stop();
    this.#early.stop();
    this.#packs.stop();
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
        this.#ofDocument(lane, frame);
        return;
      case 'OFFER':
        this.#offer(lane, frame);
        return;
      case 'PACK': {
        const problem = this.#packs.take(frame);
        if (problem) lane.bye(problem);
        return;
      }
      case 'DROP':
        this.#drop(frame.handle);
        return;
      case 'SEEN':
        this.#notices.seen(frame.cursor);
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

  // ------------------------------------------------------------------------------ what open documents report

  durable(handle: number, indexes: readonly number[]): void {
    const runs = new RunSet();
    for (const index of [...indexes].sort((a, b) => a - b)) runs.add(index);
    this.#owe(handle, runs.runs);
    this.#heedLimits();
  }

  want(handle: number, reason: 'hole' | 'unknown-reference' | 'undecodable', runs: readonly Run[]): void {
    this.#wants.add(handle, reason, runs);
  }

  /** Committed: its receipt leaves, and is said again whenever the yacht repeats itself. */
  finished(handle: number, receipt: Receipt): void {
    this.#closeHandle(handle);
    if (this.#over) return;
    this.#handles.end(handle, { receipt });
    this.#receipts.add(receipt);
  }

  /** A decision failed. Fenced or revoked: the session is over. Else this document waits. */
  failed(handle: number, error: unknown): void {
    const code = codeOf(error);
    if (!code) this.ports.log({ event: 'line.document.failed', error: String(error) });
    if (code && problems[code].class === 'AUTH') {
      this.end(code);
      return;
    }
    this.refuse(handle, code ?? 'TENDER_CLOUD_INTERNAL');
  }

  offered(document: OpenDocument): void {
    this.#said.say(...heldFrames(document.assembly, document.handle));
  }

  /** This document cannot go on under its handle. */
  refuse(handle: number, code: ProblemCode): void {
    this.#closeHandle(handle);
    if (this.#over) return;
    const problem = problems[code];
    const refused = {
      type: 'REFUSED',
      handle,
      class: problem.class,
      code,
      message: problem.title,
      retryAfterMs: 0,
    } as const;
    if (!this.#use(handle)) return;
    this.#handles.end(handle, { refused });
    this.#said.say(refused);
  }

  /** How long a finish with holes waits still: nothing, when no other lane can have what is missing. */
  holeWaitMs(openedMs: number, newestFrameMs: number): number {
    if (this.#lanes.size <= 1 && this.#laneLostMs < openedMs) return 0;
    const quietMs = Math.max(this.ports.limits.holeQuietMs, 4 * this.#roundTrip.ms);
    const now = this.ports.clock.monotonicMs();
    const arrivalMs = Math.max(...[...this.#lanes].map((lane) => lane.arrivalMs), this.#laneLostMs);
    // Silence on all lanes, or a long one of this document while others go on.
    return Math.max(0, Math.min(arrivalMs + quietMs, newestFrameMs + 3 * quietMs) - now);
  }

  // ------------------------------------------------------------------------------ frames

  #ofDocument(lane: Lane, frame: EarlyFrame): void {
    const document = this.#handles.find(frame.handle);
    if (!document) {
      this.#ofNoDocument(frame);
      return;
    }
    if (!this.#heed(document, frame)) lane.bye('TENDER_LIMIT_EXCEEDED');
    this.#heedLimits();
  }

  /** False when it says more than the limits allow. */
  #heed(document: OpenDocument, frame: EarlyFrame): boolean {
    switch (frame.type) {
      case 'SLICE':
        return document.slice(frame.index, frame.offset, frame.bytes) !== 'refused';
      case 'MANIFEST':
        return document.describe(frame.first, frame.entries);
      case 'COPY':
        document.copy(frame);
        return true;
      case 'FINISH':
        document.finish({ ...frame, sha256: Uint8Array.from(frame.sha256) });
        return true;
    }
  }

  /** Its OFFER is still on another lane, or it has ended; a finish said again gets the last word again. */
  #ofNoDocument(frame: EarlyFrame): void {
    if (!this.#handles.wasUsed(frame.handle)) this.#early.add(frame);
    else if (frame.type === 'FINISH' && !this.#sayLastWord(frame.handle))
      this.refuse(frame.handle, 'TENDER_UPLOAD_UNKNOWN');
  }

  #sayLastWord(handle: number): boolean {
    const word = this.#handles.lastWord(handle);
    if (!word) return false;
    if ('receipt' in word) this.#receipts.add(word.receipt);
    else this.#said.say(word.refused);
    return true;
  }

  #offer(lane: Lane, frame: OfferFrame): void {
    const { handle, uploadId } = frame;
    const before = this.#handles.find(handle);
    if (before) {
      if (before.assembly.uploadId !== uploadId) lane.bye('TENDER_FRAME_OUT_OF_PLACE');
      else if (before.isOffered) this.offered(before);
      return;
    }
    if (this.#handles.wasUsed(handle)) {
      this.#sayLastWord(handle);
      return;
    }
    if (!this.#use(handle)) return;
    const early = this.#early.take(handle);
    if (!isNameable(frame)) {
      this.refuse(handle, 'TENDER_NAME_INVALID');
      return;
    }
    // The same upload under a new handle, after its lanes were lost: the old handle ends.
    for (const [old, document] of this.#handles.open()) {
      if (document.assembly.uploadId === uploadId) this.#closeHandle(old);
    }
    if (this.#handles.openCount >= this.ports.limits.handlesMax) {
      this.refuse(handle, 'TENDER_TOO_MANY_DOCUMENTS');
      return;
    }
    const { version, priority, modifiedMs } = frame;
    const offer = { uploadId, name: nameFromBytes(frame.name), version, priority, modifiedMs };
    const assembly = this.ports.shelf.take(this.scope.deviceId, uploadId);
    const document = new OpenDocument(handle, offer, assembly, this);
    this.#handles.add(handle, document);
    document.offer();
    for (const one of early)
      if (!this.#heed(document, one)) {
        lane.bye('TENDER_LIMIT_EXCEEDED');
        break;
      }
    this.#heedLimits();
  }

  /** Marks a handle as used; a yacht that scatters them instead of counting up is not listened to. */
  #use(handle: number): boolean {
    this.#handles.use(handle);
    if (this.#handles.gaps <= this.ports.limits.handleGapsMax) return true;
    this.end('TENDER_LIMIT_EXCEEDED');
    return false;
  }

  #takePacked({ handle, uploadId }: PackDocument): boolean {
    if (this.#handles.find(handle)) return false;
    if (this.#handles.wasUsed(handle)) {
      this.#sayLastWord(handle);
      return false;
    }
    if (!this.#use(handle)) return false;
    this.#early.take(handle);
    for (const [old, document] of this.#handles.open()) {
      if (document.assembly.uploadId === uploadId) this.#closeHandle(old);
    }
    return true;
  }

  #closeHandle(handle: number): void {
    this.#handles.close(handle)?.leave();
    this.#marks.forget(handle);
    this.#wants.forget(handle);
    this.#heedLimits();
  }

  #drop(handle: number): void {
    this.#early.take(handle);
    const document = this.#handles.find(handle);
    if (!document) return;
    const { uploadId } = document.assembly;
    this.#closeHandle(handle);
    this.ports.shelf.forget(document.assembly);
    this.ports.documents.drop(this.scope, uploadId).catch((error: unknown) => {
      // Forgotten by age then; a fence is learned by the next frame that matters.
      this.ports.log({ event: 'line.drop.failed', code: codeOf(error) ?? String(error) });
    });
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

  /** The next ACK's durable marks; what does not fit is for the one after it. */
  #takeDurable(nowMs: number, repeatMs: number): AckFrame['documents'] {
    const documents = this.#marks.take(nowMs, repeatMs);
    if (!this.#marks.isEmpty) this.#acks.soon();
    return documents;
  }

  #owe(handle: number, runs: readonly Run[]): void {
    if (!this.#handles.find(handle)) return;
    this.#marks.owe(handle, runs);
    if (!this.#marks.isEmpty && this.#lanes.size > 0) this.#acks.soon();
  }

  /** Reads no more from this yacht while the store lags behind; forgets beginnings of chunks beyond the ceiling. */
  #heedLimits(): void {
    const { shelf, limits } = this.ports;
    shelf.trim(this.scope.deviceId);
    const readyBytes = shelf.readyBytes(this.scope.deviceId) + this.#packs.waitingBytes;
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
