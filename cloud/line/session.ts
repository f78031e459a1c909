// One boot of one yacht, over all its lanes: documents open under handles, what is owed to the yacht (durable marks, wants,
// receipts, notices, inventory). Fenced when a newer session begins. Built by service.ts for the first lane, left with the last.
import { codeOf } from '../cloud-error.ts';
import {
  type AckFrame,
  type CloudFrame,
  frameLimits,
  type OfferFrame,
  type YachtFrame,
} from '../contract/frames.ts';
import type { Signer } from '../contract/keys.ts';
import { nameFromBytes } from '../contract/name.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import { type Run, RunSet } from '../contract/runs.ts';
import { pongMessage } from '../contract/signatures.ts';
import type { Documents } from '../decide/documents.ts';
import type { Notices } from '../decide/notices.ts';
import type { NoticeHub } from '../notify/hub.ts';
import type { Clock, DeviceScope, Notice } from '../ports.ts';
import { DurableMarks } from './durable-marks.ts';
import { heldFrames, pagesOf } from './held-frames.ts';
import { inventoryPage } from './inventory.ts';
import type { Lane } from './lane.ts';
import type { LineLimitsAshore } from './limits.ts';
import { OpenDocument } from './open-document.ts';
import { createReceipts, type Receipts } from './receipts.ts';
import type { Shelf } from './shelf.ts';

export interface SessionPorts {
  readonly documents: Documents;
  readonly notices: Pick<Notices, 'acknowledge'>;
  readonly hub: NoticeHub;
  readonly shelf: Shelf;
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
  readonly receipts: Receipts;
  readonly #lanes = new Set<Lane>();
  readonly #handles = new Map<number, OpenDocument>();
  readonly #marks = new DurableMarks();
  readonly #left: (session: Session) => void;
  #detachNotices: (() => void) | undefined;
  #newestNotice: number;
  /** Last notice that the yacht has in its log, as it said. */
  #seenNotice: number;
  #paused = false;
  #serial = 0;
  #cancelLook: (() => void) | undefined;
  readonly #inventories = new Set<Lane>();

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
    this.#newestNotice = cursor;
    this.#seenNotice = cursor;
    this.#left = left;
    this.receipts = createReceipts(ports, (frame) => this.say(frame));
  }

  get laneCount(): number {
    return this.#lanes.size;
  }

  /** For the next lane's HELLO. */
  nextSerial(): number {
    this.#serial += 1;
    return this.#serial;
  }

  /** A lane has said HELLO: what is held, and what was missed after `cursor`, follow unasked. */
  join(lane: Lane, cursor: number): void {
    this.#seenNotice = Math.max(this.#seenNotice, cursor);
    // A yacht has one lane of each number: an older one is dead, even if nobody has told us yet. What would be said on it
    // would be lost.
    const dead = [...this.#lanes].filter((one) => one.number === lane.number);
    this.#lanes.add(lane);
    for (const one of dead) one.abandon();
    for (const assembly of this.ports.shelf.of(this.scope.deviceId)) {
      if (assembly.scope) for (const frame of heldFrames(assembly, undefined)) lane.send(frame);
    }
    if (!this.#detachNotices) this.#followNotices();
  }

  /** Notices from the first that the yacht has not yet said to be in its log. */
  #followNotices(): void {
    this.#detachNotices?.();
    this.#detachNotices = this.ports.hub.attach(this.scope, this.#seenNotice, {
      deliver: (notices) => this.#deliver(notices),
      bufferedBytes: () => Math.max(0, ...[...this.#lanes].map((one) => one.bufferedBytes())),
      end: (code, retryAfterMs) => this.end(code, retryAfterMs),
    });
  }

  /** The session may not go on: every lane is told why. */
  end(code: ProblemCode, retryAfterMs = 0): void {
    for (const lane of [...this.#lanes]) lane.bye(code, retryAfterMs);
  }

  laneClosed(lane: Lane): void {
    if (!this.#lanes.delete(lane)) return;
    // What that lane may have carried away unsaid is said again on the others: all of it, it is short.
    for (const [handle, document] of this.#handles) this.#owe(handle, document.assembly.durable.runs);
    if (this.#lanes.size > 0) {
      this.#followNotices();
      return;
    }
    this.#detachNotices?.();
    this.#detachNotices = undefined;
    for (const document of this.#handles.values()) document.leave();
    this.#handles.clear();
    this.#marks.clear();
    this.receipts.stop();
    this.#cancelLook?.();
    this.#left(this);
  }

  frame(lane: Lane, frame: YachtFrame): void {
    switch (frame.type) {
      case 'SLICE': {
        if (frame.index >= frameLimits.chunksMaxCount) {
          lane.bye('TENDER_LIMIT_EXCEEDED');
          return;
        }
        const verdict = this.#handles.get(frame.handle)?.slice(frame.index, frame.offset, frame.bytes);
        if (verdict === 'refused') {
          lane.bye('TENDER_LIMIT_EXCEEDED');
          return;
        }
        this.#heedLimits();
        return;
      }
      case 'OFFER':
        this.#offer(lane, frame);
        return;
      case 'MANIFEST': {
        const isTooMany = frame.first + frame.entries.length > frameLimits.chunksMaxCount;
        if (isTooMany || frame.entries.some((entry) => entry.length > this.ports.limits.chunkMaxBytes)) {
          lane.bye('TENDER_LIMIT_EXCEEDED');
          return;
        }
        const fits = this.#handles.get(frame.handle)?.describe(frame.first, frame.entries) ?? true;
        if (!fits) lane.bye('TENDER_LIMIT_EXCEEDED');
        return;
      }
      case 'COPY': {
        const count = frame.runs.reduce((sum, run) => sum + run.count, 0);
        if (!Number.isSafeInteger(frame.first + count) || frame.first + count > frameLimits.chunksMaxCount) {
          lane.bye('TENDER_LIMIT_EXCEEDED');
          return;
        }
        if (count > 0)
          this.want(frame.handle, 'unknown-reference', [{ start: frame.first, end: frame.first + count }]);
        return;
      }
      case 'PACK':
        lane.bye('TENDER_FRAME_OUT_OF_PLACE');
        return;
      case 'FINISH': {
        if (frame.chunks > frameLimits.chunksMaxCount) {
          lane.bye('TENDER_LIMIT_EXCEEDED');
          return;
        }
        const document = this.#handles.get(frame.handle);
        // Unknown handle: refused before, or its OFFER is still on another lane. The yacht asks again after an answer.
        if (!document) {
          this.refuse(frame.handle, 'TENDER_UPLOAD_UNKNOWN');
          return;
        }
        document.finish({ ...frame, sha256: Uint8Array.from(frame.sha256) });
        return;
      }
      case 'DROP':
        this.#drop(frame.handle);
        return;
      case 'SEEN':
        this.#seen(frame.cursor);
        return;
      case 'INVENTORY':
        this.#inventory(lane, frame.after);
        return;
      case 'PING':
        lane.ackNow();
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

  /** Says a frame on the lane with the least unsent; none open: the next HELD will say it. */
  say(frame: CloudFrame): void {
    const [lane] = [...this.#lanes].sort((a, b) => a.bufferedBytes() - b.bufferedBytes());
    lane?.send(frame);
  }

  // ------------------------------------------------------------------------------ what open documents report

  durable(handle: number, indexes: readonly number[]): void {
    const runs = new RunSet();
    for (const index of [...indexes].sort((a, b) => a - b)) runs.add(index);
    this.#owe(handle, runs.runs);
    this.#heedLimits();
  }

  want(handle: number, reason: 'hole' | 'unknown-reference', runs: readonly Run[]): void {
    for (const page of pagesOf(runs)) this.say({ type: 'WANT', handle, reason, runs: page });
  }

  /** A document ends here, with a receipt or a refusal. */
  closeHandle(handle: number): void {
    this.#handles.get(handle)?.leave();
    this.#handles.delete(handle);
    this.#marks.forget(handle);
    this.#heedLimits();
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
    for (const frame of heldFrames(document.assembly, document.handle)) this.say(frame);
  }

  get isSingleLane(): boolean {
    return this.#lanes.size <= 1;
  }

  // ------------------------------------------------------------------------------ frames

  #offer(lane: Lane, frame: OfferFrame): void {
    const { handle, uploadId } = frame;
    const before = this.#handles.get(handle);
    if (before) {
      if (before.assembly.uploadId !== uploadId) {
        lane.bye('TENDER_FRAME_OUT_OF_PLACE');
        return;
      }
      before.isOffered ? this.offered(before) : undefined;
      return;
    }
    if (handle >= frameLimits.handlesMaxCount) {
      lane.bye('TENDER_LIMIT_EXCEEDED');
      return;
    }
    const isVersion = frame.version >= 1 && frame.version <= frameLimits.versionsMaxCount;
    if (frame.name.length === 0 || !isVersion || frame.modifiedMs > frameLimits.timeMaxMs) {
      this.refuse(handle, 'TENDER_NAME_INVALID');
      return;
    }
    // The same upload under a new handle, after its lane was lost: the old handle ends.
    for (const [old, document] of this.#handles) {
      if (document.assembly.uploadId === uploadId) this.closeHandle(old);
    }
    if (this.#handles.size >= this.ports.limits.handlesMax) {
      this.refuse(handle, 'TENDER_TOO_MANY_DOCUMENTS');
      return;
    }
    const assembly = this.ports.shelf.take(this.scope.deviceId, uploadId);
    const document = new OpenDocument(handle, assembly, this);
    this.#handles.set(handle, document);
    const { version, priority, modifiedMs } = frame;
    document.offer({ uploadId, name: nameFromBytes(frame.name), version, priority, modifiedMs });
  }

  #drop(handle: number): void {
    const document = this.#handles.get(handle);
    if (!document) return;
    const { uploadId } = document.assembly;
    this.closeHandle(handle);
    this.ports.shelf.forget(document.assembly);
    this.ports.documents.drop(this.scope, uploadId).catch((error: unknown) => {
      // Forgotten by age then; a fence is learned by the next frame that matters.
      this.ports.log({ event: 'line.drop.failed', code: codeOf(error) ?? String(error) });
    });
  }

  /** This document cannot go on under its handle. */
  refuse(handle: number, code: ProblemCode): void {
    this.closeHandle(handle);
    const problem = problems[code];
    this.say({
      type: 'REFUSED',
      handle,
      class: problem.class,
      code,
      message: problem.title,
      retryAfterMs: 0,
    });
  }

  #deliver(notices: readonly Notice[]): void {
    for (const notice of notices) {
      this.#newestNotice = Math.max(this.#newestNotice, notice.sequence);
      this.say({ type: 'NOTICE', ...notice, reason: shortened(notice.reason), extensions: [] });
    }
  }

  #seen(cursor: number): void {
    // A cursor beyond what was ever sent would forget notices unseen.
    if (cursor > this.#newestNotice) return;
    this.#seenNotice = Math.max(this.#seenNotice, cursor);
    this.ports.notices.acknowledge(this.scope, cursor).catch((error: unknown) => {
      this.ports.log({ event: 'line.seen.failed', code: codeOf(error) ?? String(error) });
    });
  }

  /** One page at a time and lane; the yacht asks for the next with the last name. */
  #inventory(lane: Lane, after: Uint8Array | undefined): void {
    if (this.#inventories.has(lane)) return;
    this.#inventories.add(lane);
    inventoryPage(this.ports.documents, this.scope, after, this.ports.limits.inventoryPageCount)
      .then(
        (page) => lane.send(page),
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
  takeDurable(): AckFrame['documents'] {
    const documents = this.#marks.take();
    if (!this.#marks.isEmpty) for (const lane of this.#lanes) lane.ackSoon();
    return documents;
  }

  #owe(handle: number, runs: readonly Run[]): void {
    if (!this.#handles.has(handle)) return;
    this.#marks.owe(handle, runs);
    const [lane] = this.#lanes;
    if (!this.#marks.isEmpty) lane?.ackSoon();
  }

  /** Reads no more from this yacht while the store lags behind; forgets beginnings of chunks beyond the ceiling. */
  #heedLimits(): void {
    const { shelf, limits } = this.ports;
    shelf.trim(this.scope.deviceId);
    const full = shelf.readyBytes(this.scope.deviceId) > limits.readyMaxBytes;
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

const reasonMaxLength = 500;

/** A reason fits its field in bytes whatever its characters are. */
function shortened(reason: string): string {
  return reason.length > reasonMaxLength / 2 ? `${reason.slice(0, reasonMaxLength / 2)}…` : reason;
}
