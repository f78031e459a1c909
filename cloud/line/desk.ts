// The documents of a session: which are open under which handle, what came before its OFFER, what arrives whole in packs, and the last
// word on those that ended. Knows nothing of lanes but whom to blame. Built by session.ts.
import { codeOf } from '../cloud-error.ts';
import type { AckFrame, CloudFrame, OfferFrame, PackFrame } from '../contract/frames.ts';
import { nameFromBytes } from '../contract/name.ts';
import type { PackDocument } from '../contract/pack.ts';
import { type ProblemCode, problems } from '../contract/problems.ts';
import { type Run, RunSet } from '../contract/runs.ts';
import type { Documents } from '../decide/documents.ts';
import type { Clock, DeviceScope, Receipt } from '../ports.ts';
import type { DecodeChunk } from './decode.ts';
import { DurableMarks } from './durable-marks.ts';
import { type EarlyFrame, EarlyFrames } from './early-frames.ts';
import { isNameable } from './frame-limits.ts';
import { Handles } from './handles.ts';
import { heldFrames } from './held-frames.ts';
import type { Lane } from './lane.ts';
import type { LineLimitsAshore } from './limits.ts';
import { OpenDocument } from './open-document.ts';
import { Packs } from './packs.ts';
import type { Shelf } from './shelf.ts';
import { Wants } from './wants.ts';

export interface DeskPorts {
  readonly documents: Documents;
  readonly shelf: Shelf;
  readonly decodeChunk: DecodeChunk;
  readonly clock: Clock;
  readonly limits: LineLimitsAshore;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

/** The session, as its documents see it. */
export interface DeskHost {
  /** Over whatever lane; frames that belong together, together. */
  say(...frames: readonly CloudFrame[]): void;
  receipt(receipt: Receipt): void;
  /** There are durable marks for the next ACK. */
  marksOwed(): void;
  /** What is held became more or less. */
  changed(): void;
  end(code: ProblemCode): void;
  holeWaitMs(openedMs: number, newestFrameMs: number): number;
}

export class Desk {
  readonly scope: DeviceScope;
  readonly ports: DeskPorts;
  readonly #host: DeskHost;
  readonly #handles: Handles;
  readonly #marks = new DurableMarks();
  readonly #wants: Wants;
  readonly #early: EarlyFrames;
  readonly #packs: Packs;
  #over = false;

  constructor(scope: DeviceScope, ports: DeskPorts, host: DeskHost) {
    this.scope = scope;
    this.ports = ports;
    this.#host = host;
    const { clock, limits, documents, log } = ports;
    this.#handles = new Handles(limits.endedHandlesMax);
    this.#wants = new Wants(clock, limits.receiptGatherMs, (frames) => host.say(...frames));
    this.#early = new EarlyFrames(clock, limits, (handle) => this.refuse(handle, 'TENDER_UPLOAD_UNKNOWN'));
    this.#packs = new Packs({
      documents,
      scope,
      limits,
      log,
      take: (document) => this.#takePacked(document),
      stored: (handle, receipt) => this.finished(handle, receipt),
      refuse: (handle, code) => this.refuse(handle, code),
      end: (code) => host.end(code),
      changed: () => host.changed(),
    });
  }

  /** Packed documents that wait for the store. */
  get waitingBytes(): number {
    return this.#packs.waitingBytes;
  }

  /** A lane is gone that may have carried marks away: all of them are owed again, they are short. */
  oweAll(): void {
    for (const [handle, document] of this.#handles.open()) this.#owe(handle, document.assembly.durable.runs);
  }

  /** The session is over. */
  stop(): void {
    this.#over = true;
    for (const [, document] of this.#handles.open()) document.leave();
    this.#marks.clear();
    this.#wants.stop();
    this.#early.stop();
    this.#packs.stop();
  }

  /** How long a finish with holes waits still. */
  holeWaitMs(openedMs: number, newestFrameMs: number): number {
    return this.#host.holeWaitMs(openedMs, newestFrameMs);
  }

  pack(lane: Lane, frame: PackFrame): void {
    const problem = this.#packs.take(frame);
    if (problem) lane.bye(problem);
  }

  // ------------------------------------------------------------------------------ what open documents report

  durable(handle: number, indexes: readonly number[]): void {
    const runs = new RunSet();
    for (const index of [...indexes].sort((a, b) => a - b)) runs.add(index);
    this.#owe(handle, runs.runs);
    this.#host.changed();
  }

  want(handle: number, reason: 'hole' | 'unknown-reference' | 'undecodable', runs: readonly Run[]): void {
    this.#wants.add(handle, reason, runs);
  }

  /** Committed: its receipt leaves, and is said again whenever the yacht repeats itself. */
  finished(handle: number, receipt: Receipt): void {
    this.#closeHandle(handle);
    if (this.#over) return;
    this.#handles.end(handle, { receipt });
    this.#host.receipt(receipt);
  }

  /** A decision failed. Fenced or revoked: the session is over. Else this document waits. */
  failed(handle: number, error: unknown): void {
    const code = codeOf(error);
    if (!code) this.ports.log({ event: 'line.document.failed', error: String(error) });
    if (code && problems[code].class === 'AUTH') {
      this.#host.end(code);
      return;
    }
    this.refuse(handle, code ?? 'TENDER_CLOUD_INTERNAL');
  }

  offered(document: OpenDocument): void {
    this.#host.say(...heldFrames(document.assembly, document.handle));
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
    this.#host.say(refused);
  }

  // ------------------------------------------------------------------------------ frames

  /** Of a document: manifest, copy, slice, finish. */
  heed(lane: Lane, frame: EarlyFrame): void {
    const document = this.#handles.find(frame.handle);
    if (!document) {
      this.#ofNoDocument(frame);
      return;
    }
    if (!this.#tell(document, frame)) lane.bye('TENDER_LIMIT_EXCEEDED');
    this.#host.changed();
  }

  /** False when it says more than the limits allow. */
  #tell(document: OpenDocument, frame: EarlyFrame): boolean {
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
    if ('receipt' in word) this.#host.receipt(word.receipt);
    else this.#host.say(word.refused);
    return true;
  }

  open(lane: Lane, frame: OfferFrame): void {
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
      if (!this.#tell(document, one)) {
        lane.bye('TENDER_LIMIT_EXCEEDED');
        break;
      }
    this.#host.changed();
  }

  /** Marks a handle as used; a yacht that scatters them instead of counting up is not listened to. */
  #use(handle: number): boolean {
    this.#handles.use(handle);
    if (this.#handles.gaps <= this.ports.limits.handleGapsMax) return true;
    this.#host.end('TENDER_LIMIT_EXCEEDED');
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
    this.#host.changed();
  }

  drop(handle: number): void {
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

  /** The next ACK's durable marks; what does not fit is for the one after it. */
  takeDurable(nowMs: number, repeatMs: number): AckFrame['documents'] {
    const documents = this.#marks.take(nowMs, repeatMs);
    if (!this.#marks.isEmpty) this.#host.marksOwed();
    return documents;
  }

  #owe(handle: number, runs: readonly Run[]): void {
    if (!this.#handles.find(handle)) return;
    this.#marks.owe(handle, runs);
    if (!this.#marks.isEmpty) this.#host.marksOwed();
  }
}
