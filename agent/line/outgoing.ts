// One document on its way: pulls chunks from its reader, names what the cloud has, cuts the rest into slices when the line asks
// for bytes, and forgets a chunk when it is durable ashore. It outlives lanes, and the effects that wait for it; what HELD says
// after a cut decides what goes again. Driven by documents.ts, which owns the order between them.

import { hash } from 'node:crypto';
import type { Failure } from '../../cloud/contract/failure.ts';
import { encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import type { HeldFrame, WantFrame } from '../../cloud/contract/frames.ts';
import type { PackDocument } from '../../cloud/contract/pack.ts';
import { type Run, RunSet } from '../../cloud/contract/runs.ts';
import type { OnLine } from '../../machines/line-turns.ts';
import type { BaseRecorder } from '../files/bases.ts';
import type { DocumentReader, ReadChunk } from '../files/document-reader.ts';
import { Cargo } from './cargo.ts';
import { ChunkBook, type GoingForm } from './chunk-book.ts';
import { Copies } from './copies.ts';
import type { Delta } from './delta.ts';
import { ChunkEncoder, type Encoded } from './encode.ts';
import type { EncodeLevels } from './encode-levels.ts';
import { lineFailure } from './failures.ts';
import type { FramePool } from './frame-pool.ts';
import { messageBytes } from './lane.ts';
import type { LineLimitsAboard } from './limits.ts';
import type { Meter } from './meter.ts';
import {
  type DocumentSource,
  Outcome,
  type Sent,
  type Stored,
  type StoredProof,
  type Upload,
  type Whole,
} from './outcome.ts';
import { documentMaxBytes, type Packable } from './pack.ts';
import type { Parcel, SliceLoad, SliceOwner } from './parcel.ts';

/** Patches are kept until they are durable: with more of them on the way the next chunk goes otherwise. */
const patchesMaxBytes = 2 * 1024 * 1024;
/** Patches that the cloud could not use, before none is made any more. */
const patchesRefusedMax = 2;

export interface OutgoingProgress {
  readonly durableBytes: number;
  readonly sentBytes: number;
  readonly sizeBytes?: number;
}

export class OutgoingDocument implements SliceOwner, Packable, OnLine {
  readonly upload: Upload;
  priority: number;
  handle: number | undefined;
  sentBytes = 0;
  readonly meter: Meter;

  readonly #limits: LineLimitsAboard;
  readonly #source: DocumentSource | undefined;
  readonly #wake: () => void;
  readonly #isTurnToRead: (document: OutgoingDocument) => boolean;
  readonly #allocate: (count: number) => Uint8Array;
  #reader: DocumentReader | undefined;
  #reading = false;
  #whole: Whole | undefined;
  /** The version ashore of the same content. */
  #equalTo: number | undefined;
  readonly #book = new ChunkBook();
  readonly #cargo = new Cargo(this.#book, (index) => this.#reader?.release(index));
  #countRead = 0;
  /** The version before, and what goes by it. */
  #delta: Delta | undefined;
  #copies: Copies | undefined;
  readonly #patches = new Map<number, Uint8Array>();
  #patchesBytes = 0;
  #patchesRefused = 0;
  /** Copied, and wanted otherwise: named by their ids if those are known to be ashore. */
  readonly #uncopied = new RunSet();
  #recorder: BaseRecorder | undefined;
  /** Absent: everything goes as it is. */
  readonly #encoder: ChunkEncoder | undefined;
  #offerSaid = false;
  #finishSaid = false;
  #awaitsHeld: boolean;
  /** Nothing of it was ever said, and the cloud cannot hold anything of it. */
  #isFresh: boolean;
  /** It is to travel whole: nothing is said of it before it is read. */
  #mayPack: boolean;
  /** Counted when it is stored: the cloud may want it as it is. */
  #packSavedBytes = 0;
  /** A lane broke off under it: what is ashore when the next one opens is resumed. */
  #brokeOff = false;
  #prefixesHeldBytes = 0;
  #wantRounds = 0;
  /** The cloud misses these, and they have not left again yet. */
  readonly #wanted = new RunSet();
  #proof: StoredProof | undefined;
  #closed = false;
  #suspended = false;
  readonly #begun = new Outcome<true>();
  readonly #sent = new Outcome<Sent>();
  readonly #stored = new Outcome<Stored>();

  /** Without a source it only asks whether the upload is stored. `fresh`: the cloud cannot hold anything of it. */
  constructor(
    upload: Upload,
    parts: {
      source: DocumentSource | undefined;
      fresh: boolean;
      limits: LineLimitsAboard;
      frames: FramePool;
      meter: Meter;
      wake: () => void;
      levels: EncodeLevels | undefined;
      /** Not while those before it have enough in hand. */
      isTurnToRead: (document: OutgoingDocument) => boolean;
    },
  ) {
    this.upload = upload;
    this.priority = upload.priority;
    this.#source = parts.source;
    this.#awaitsHeld = !parts.fresh;
    this.#isFresh = parts.fresh;
    this.meter = parts.meter;
    this.#limits = parts.limits;
    this.#encoder = parts.levels && new ChunkEncoder(parts.levels);
    const { sizeBytes = 0 } = upload;
    this.#mayPack = parts.fresh && sizeBytes > 0 && sizeBytes <= parts.limits.packDocumentMaxBytes;
    this.#allocate = (count) => parts.frames.take(count);
    this.#wake = parts.wake;
    this.#isTurnToRead = parts.isTurnToRead;
  }

  get age(): string {
    return this.upload.uploadId;
  }

  /** Content not sent yet; unknown counts as endless. */
  get leftBytes(): number {
    const { sizeBytes } = this.upload;
    return sizeBytes === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, sizeBytes - this.sentBytes);
  }

  /** Is there anything left to say? False while its effect is stopped. */
  get hasMore(): boolean {
    if (this.#suspended || this.#closed || this.isOver || this.#proof) return false;
    if (!this.#source) return !this.#offerSaid;
    return !this.#finishSaid || !this.#cargo.isEmpty || !this.#book.again.isEmpty || !this.#isCopied;
  }

  /** Bytes of it in memory, waiting to leave. */
  get inHandBytes(): number {
    return this.#cargo.bytes;
  }

  /** It may have become its turn to be read. */
  readAhead(): void {
    // One that travels whole and was interrupted before its end has bytes in hand that leave only once its end is read.
    if (!this.#reading && !this.#whole && (this.#cargo.bytes === 0 || this.#mayPack)) void this.#read();
  }

  get isSuspended(): boolean {
    return this.#suspended;
  }

  get hasSource(): boolean {
    return this.#source !== undefined;
  }

  get isOver(): boolean {
    return (
      this.#stored.value !== undefined || (this.#sent.value !== undefined && !('sent' in this.#sent.value))
    );
  }

  /** Ended with anything but sent and stored: a new life of the same upload needs a new document. */
  get hasFailed(): boolean {
    const sent = this.#sent.value;
    const stored = this.#stored.value;
    return (sent !== undefined && !('sent' in sent)) || (stored !== undefined && !('stored' in stored));
  }

  get progress(): OutgoingProgress {
    const { sizeBytes } = this.upload;
    return {
      durableBytes: this.#book.durableBytes,
      sentBytes: this.sentBytes,
      ...(sizeBytes !== undefined && { sizeBytes }),
    };
  }

  // ------------------------------------------------------------------------------ for the effects

  /** Its first byte has left. */
  whenBegun(): Promise<true> {
    return this.#begun.when();
  }

  whenSent(): Promise<Sent> {
    return this.#sent.when();
  }

  whenStored(): Promise<Stored> {
    return this.#stored.when();
  }

  /** Its effect was stopped: nothing leaves until one comes back. */
  suspend(): void {
    this.#suspended = true;
  }

  resume(): void {
    if (!this.#suspended) return;
    this.#suspended = false;
    void this.#read();
    this.#wake();
  }

  /** Ends it with a failure for whoever waits. */
  refuse(failure: Failure): void {
    // Made of what the shore has, and not what it should be: the next try tells it by itself.
    if (failure.code === 'TENDER_CONTENT_MISMATCH') this.#source?.history?.distrust();
    this.#sent.end({ refused: failure });
    this.#stored.end({ refused: failure });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cargo.clear();
    this.#patches.clear();
    await Promise.all([this.#reader?.close(), this.#delta?.close(), this.#recorder?.discard()]);
  }

  // ------------------------------------------------------------------------------ for the line

  /** A session is there: under this handle from now on. With what the cloud already said it holds, if it did. */
  bind(handle: number, held: readonly HeldFrame[] | undefined): void {
    const wasBound = this.handle !== undefined;
    this.handle = handle;
    this.#offerSaid = false;
    this.#finishSaid = false;
    if (wasBound && !this.#isFresh) this.#awaitsHeld = true;
    this.#brokeOff = wasBound;
    this.#prefixesHeldBytes = 0;
    this.#book.doubtAll();
    this.#cargo.restart();
    this.#copies?.sayAgain();
    if (!this.#awaitsHeld) this.#cargo.goOn(); // what was read before goes on as it was
    for (const frame of held ?? []) this.held(frame);
    void this.#read();
  }

  /** The session is over, or forgotten ashore: nothing leaves, reading waits. */
  unbind(): void {
    this.#offerSaid = false;
    this.#awaitsHeld = !this.#isFresh;
  }

  lost({ handle, index, from, to }: SliceLoad): void {
    if (handle !== this.handle || this.#awaitsHeld || this.isOver || this.#book.isDurable(index)) return;
    if (this.#cargo.lost(index, from, to)) void this.#read();
  }

  arrived({ handle, index, from, to }: SliceLoad): void {
    if (handle === this.handle && !this.#awaitsHeld) this.#cargo.arrived(index, from, to);
  }

  held(frame: HeldFrame): void {
    for (const run of frame.durable) this.#settle(run);
    // Asked nothing, so nothing waits; what a lane seemed to have lost and is here need not go again.
    if (!this.#awaitsHeld) {
      for (const { index, prefixBytes, encoded } of frame.partial)
        if (encoded?.lengthBytes === this.#book.formOf(index)?.lengthBytes)
          this.#cargo.arrived(index, 0, prefixBytes);
      return;
    }
    this.#book.hold(frame.partial);
    for (const { prefixBytes } of frame.partial) this.#prefixesHeldBytes += prefixBytes;
    if (frame.more) return;
    this.#awaitsHeld = false;
    this.meter.resumed(this.#prefixesHeldBytes + (this.#brokeOff ? this.#book.durableBytes : 0));
    this.#endIfUnchanged();
    for (const index of this.#book.heldOtherwise) this.#anew(index);
    this.#cargo.goOn();
    if (!this.#source) this.#stored.end({ incomplete: true });
    void this.#read();
    this.#wake();
  }

  /** The line broke off and is there again: what had arrived before goes no second time. */
  goesOn(): void {
    if (!this.#source || this.#awaitsHeld || !this.#offerSaid || this.isOver) return;
    this.meter.resumed(
      this.#book.durableBytes + this.#book.leftBytes((index) => this.#cargo.unsentOf(index)),
    );
  }

  durable(runs: readonly Run[]): void {
    // A word that the shore said before it missed them says nothing.
    for (const run of runs)
      if (this.#wanted.isEmpty) this.#settle(run);
      else
        for (let index = run.start; index < run.end; index++)
          if (!this.#wanted.has(index)) this.#settle({ start: index, end: index + 1 });
    void this.#read();
  }

  want(frame: WantFrame): void {
    if (!this.#source) {
      this.#stored.end({ incomplete: true });
      return;
    }
    if (frame.reason === 'known') {
      for (const run of frame.runs) this.#cargo.cancel(run);
      return;
    }
    // A copy can be wanted otherwise once, and the cloud may tell of a few at a time.
    const isOfCopies = frame.runs.some((run) => this.#copies?.overlaps(run));
    if (!this.#heedUndecodable(frame) && !isOfCopies) this.#wantRounds += 1;
    if (this.#wantRounds > this.#limits.wantRoundsMax) {
      this.refuse(lineFailure('TENDER_SYNC_LOST'));
      return;
    }
    this.#packSavedBytes = 0;
    const strangers: Uint8Array[] = [];
    for (const run of frame.runs) {
      for (let index = run.start; index < Math.min(run.end, this.#countRead); index++) {
        if (this.#copies?.drop(index)) {
          if (frame.reason === 'unknown-reference') this.#delta?.giveUp();
          this.#uncopied.add(index);
          this.#book.again.add(index);
          continue;
        }
        if (this.#dropPatch(index)) this.#patchesRefused += 1;
        const stranger = this.#book.want(index);
        this.#wanted.add(index);
        if (stranger) strangers.push(stranger);
        if (!this.#cargo.whole(index)) this.#book.again.add(index);
      }
    }
    this.#finishSaid = false;
    if (this.#patchesRefused > patchesRefusedMax) this.#delta?.giveUp();
    void this.#source.ledger.forget(strangers).catch(() => {}); // only a hint: a stale one is asked for again
    void this.#read();
    this.#wake();
  }

  /** Each chunk can be so once, since it goes as it is from then on. True: this was no round of its own. */
  #heedUndecodable({ reason, runs }: WantFrame): boolean {
    if (reason !== 'undecodable') return false;
    let isNews = false;
    for (const { start, end } of runs)
      for (let index = start; index < Math.min(end, this.#countRead); index++) {
        const form = this.#book.formOf(index);
        if (form) isNews = true;
        if (form?.encoding === 'zstd') {
          this.#encoder?.giveUp();
          this.#cargo.cancel({ start: index, end: index + 1 });
        }
      }
    return isNews;
  }

  /** The cloud's signed word. What it says of the content must be what was read here. */
  stored(proof: StoredProof): void {
    this.#proof = proof;
    if (!this.#source) this.#stored.end({ stored: proof });
    else if (this.#whole) this.#compare(this.#whole, proof);
    else void this.#read(); // finished before: read on to know that it is the same
  }

  inPack(maxBytes: number): PackDocument | undefined {
    const { handle } = this;
    if (!this.#mayPack || !this.#whole || this.#reading || this.#awaitsHeld || handle === undefined)
      return undefined;
    const content = this.#cargo.only;
    if (!this.hasMore || !content || content.length !== this.#whole.lengthBytes) return undefined;
    if (content.length > maxBytes) return undefined;
    const { uploadId, name, version, modifiedMs } = this.upload;
    const { priority } = this;
    return { handle, uploadId, version, priority, modifiedMs, name, sha256: this.#whole.sha256, content };
  }

  packed(wireBytes: number, savedBytes: number): void {
    this.#packSavedBytes = savedBytes;
    const whole = this.#whole!;
    this.#isFresh = false;
    this.#mayPack = false;
    this.#offerSaid = true;
    this.#finishSaid = true;
    this.sentBytes = whole.lengthBytes;
    this.#cargo.dropOnly();
    this.meter.sent(wireBytes);
    this.#sent.end({ sent: whole });
  }

  isMissing(handle: number): boolean {
    return this.handle === handle && !this.isOver && !this.#proof && !this.#closed;
  }

  /** The next frame to leave, its slice at most `maxBytes` long; undefined: nothing now. */
  take(maxBytes: number): Parcel | undefined {
    const parcel = this.#next(maxBytes);
    if (!parcel) return undefined;
    this.meter.sent(messageBytes(parcel.frame.length));
    if (this.#finishSaid && this.#whole) this.#sent.end({ sent: this.#whole });
    return parcel;
  }

  /** What may fill the rest of a grain: so little room says nothing of whether a document fits in a pack. */
  takeFurther(maxBytes: number): Parcel | undefined {
    return this.#offerSaid ? this.take(maxBytes) : undefined;
  }

  #next(maxBytes: number): Parcel | undefined {
    const handle = this.handle;
    if (handle === undefined || this.#suspended || this.#closed || this.isOver || this.#proof)
      return undefined;
    if (!this.#offerSaid && this.#waitsForPack(maxBytes)) return undefined;
    if (!this.#offerSaid) return said(handle, this.#offer(handle));
    if (this.#awaitsHeld) return undefined;
    const copy = this.#copies?.frame(handle);
    if (copy) return said(handle, copy);
    const manifest = this.#cargo.manifest(handle);
    if (manifest) return said(handle, manifest);
    const cut = this.#cargo.slice(handle, maxBytes, this.#allocate);
    if (cut) {
      const { frame, index, from, to } = cut;
      this.sentBytes += this.#book.contentBytes(index, from, to);
      this.#begun.end(true);
      if (this.#cargo.unsentOf(index) === undefined) this.#wanted.delete(index);
      void this.#read();
      return { frame, load: { kind: 'slice', owner: this, handle, index, from, to } };
    }
    const whole = this.#whole;
    if (!whole || this.#finishSaid || !this.#book.again.isEmpty || this.#reading || !this.#isCopied)
      return undefined;
    this.#finishSaid = true;
    return said(handle, encodeYachtFrame({ type: 'FINISH', handle, ...whole, extensions: [] }));
  }

  /** Not read to its end yet, or ready for one. What turned out not to fit goes its own way. */
  #waitsForPack(sliceMaxBytes: number): boolean {
    if (this.#mayPack && this.#whole && !this.#reading && !this.inPack(documentMaxBytes(sliceMaxBytes))) {
      this.#mayPack = false;
      if (this.#encoder && this.#cargo.only) this.#anew(0); // it was kept as it is for a pack
      void this.#read();
    }
    return this.#mayPack;
  }

  #offer(handle: number): Uint8Array {
    this.#offerSaid = true;
    this.#isFresh = false;
    const { uploadId, name, version, modifiedMs } = this.upload;
    const { priority } = this;
    const frame = { handle, uploadId, name, version, priority, modifiedMs, extensions: [] };
    return encodeYachtFrame({ type: 'OFFER', ...frame });
  }

  // ------------------------------------------------------------------------------ reading ahead

  /** One reader at a time: chunks that must go again first, then the next of the file. */
  async #read(): Promise<void> {
    if (this.#reading || !this.#source) return;
    this.#reading = true;
    try {
      while (this.#mayRead()) {
        const [again] = this.#book.again.runs;
        const more = again && !this.#awaitsHeld ? await this.#readAgain(again.start) : await this.#readNext();
        this.#wake();
        if (!more) break;
      }
    } catch (error) {
      this.#sent.end({ failed: internalFailure(error) });
      this.#stored.end({ refused: internalFailure(error) });
    } finally {
      this.#reading = false;
      this.#wake();
    }
  }

  #mayRead(): boolean {
    if (this.#closed || this.isOver || this.#suspended || this.handle === undefined) return false;
    if (!this.#isTurnToRead(this)) return false;
    if (this.#cargo.bytes >= this.#limits.prefetchMaxBytes || this.#copies?.isFull) return false;
    if (!this.#book.again.isEmpty && !this.#awaitsHeld) return true;
    if (this.#whole || this.#book.undurableBytes >= this.#limits.undurableMaxBytes) return false;
    return true;
  }

  async #readAgain(index: number): Promise<boolean> {
    const patch = this.#patches.get(index);
    const bytes = patch ?? (await this.#reader!.again(index));
    if (this.#closed) return false;
    if (!bytes) return this.#changed();
    if (!this.#book.again.has(index)) return true; // became durable meanwhile
    if (this.#uncopied.has(index) && (await this.#nameInstead(index, bytes))) return true;
    if (patch) {
      this.#book.again.delete(index);
      if (!this.#book.isLost(index)) this.#cargo.announce(this.#book.entryOf(index)!);
      this.#cargo.load(index, patch, false);
      return true;
    }
    const encoded = await this.#encode(index, bytes);
    if (this.#closed) return false;
    if (!this.#book.again.has(index)) return true; // became durable meanwhile
    this.#book.again.delete(index);
    if (!this.#book.isAnnounced(index))
      this.#book.announce(index, bytes.length, hash('sha256', bytes, 'buffer'), false, formOf(encoded));
    if (!this.#book.isLost(index)) this.#cargo.announce(this.#book.entryOf(index)!);
    this.#cargo.load(index, encoded?.bytes ?? bytes, false);
    return true;
  }

  /** A chunk in the form in which it goes: as it went before, as its beginning is ashore, else as small as it pays. */
  async #encode(index: number, bytes: Uint8Array): Promise<Encoded | undefined> {
    const encoder = this.#encoder;
    if (!encoder || this.#mayPack || this.#wanted.has(index)) return undefined;
    if (this.#book.isAnnounced(index)) {
      const form = this.#book.formOf(index);
      return form?.level === undefined ? undefined : encoder.again(bytes, form.level);
    }
    const held = this.#awaitsHeld ? undefined : this.#book.heldOf(index);
    if (!held) return encoder.encode(bytes);
    return held.encoded && ((await encoder.inForm(bytes, held.encoded)) ?? encoder.encode(bytes));
  }

  /** To be read once more, since it is to go in another form. */
  #anew(index: number): void {
    this.#dropPatch(index);
    this.#cargo.cancel({ start: index, end: index + 1 });
    this.#book.unsay(index);
    this.#book.again.add(index);
  }

  async #readNext(): Promise<boolean> {
    const source = this.#source!;
    this.#reader ??= await this.#begin(source);
    if (this.#closed) return false;
    const step = await this.#reader.next();
    if (this.#closed) return false;
    if ('changed' in step) return this.#changed();
    if ('failed' in step) {
      this.#sent.end(step);
      return false;
    }
    if ('end' in step) return this.#ended(step.end);
    const { index, bytes, id } = step.chunk;
    this.#countRead = index + 1;
    await this.#recorder?.add(bytes, id);
    if (this.#closed) return false;
    const place = this.#delta?.place(id, bytes);
    if (this.#book.isDurable(index) || this.#proof) {
      this.#book.pass(bytes.length);
      this.meter.resumed(bytes.length);
      this.#reader.release(index);
      // Not waited for: a row takes a second to be durable, and a large file passes by thousands of its chunks.
      void source.ledger.remember([id]).catch(() => {}); // only a hint
      return true;
    }
    if (place !== undefined && this.#book.mayName(index)) {
      this.#mayPack = false;
      this.#copies!.add(index, place);
      this.#reader.release(index);
      return true;
    }
    this.#copies?.close();
    const known = await source.ledger.has(id);
    if (this.#closed) return false;
    if (known || index > 0) this.#mayPack = false;
    if (known && this.#book.mayName(index)) {
      this.#book.announce(index, bytes.length, id, true);
      this.#cargo.announce({ index, length: bytes.length, id });
      this.#reader.release(index);
      return true;
    }
    if (this.#book.isDurable(index)) return true;
    if (await this.#patch(step.chunk)) return true;
    if (this.#closed) return false;
    const encoded = await this.#encode(index, bytes);
    if (this.#closed) return false;
    if (this.#book.isDurable(index)) return true;
    this.#book.announce(index, bytes.length, id, false, formOf(encoded));
    this.#cargo.announce(this.#book.entryOf(index)!);
    if (encoded) this.#reader.release(index);
    this.#cargo.load(index, encoded?.bytes ?? bytes, !encoded);
    return true;
  }

  /** What is known of the version before comes first: every chunk is held against it. */
  async #begin(source: DocumentSource): Promise<DocumentReader> {
    const delta = await source.history?.delta();
    if (this.#closed) await delta?.close();
    else if (delta) {
      this.#delta = delta;
      this.#copies = new Copies(delta.version, (baseIndex) => delta.lengthOf(baseIndex));
    }
    this.#recorder = source.history?.record();
    return source.open();
  }

  /** Sends the chunk as its difference from the version before, if that is shorter. */
  async #patch({ index, bytes, id, after }: ReadChunk): Promise<boolean> {
    if (!this.#delta || !this.#book.mayName(index) || this.#patchesBytes >= patchesMaxBytes) return false;
    const patch = await this.#delta.patch(bytes, id, after);
    if (this.#closed || !patch) return false;
    if (this.#book.isDurable(index)) return true;
    this.#mayPack = false;
    this.#patches.set(index, patch);
    this.#patchesBytes += patch.length;
    this.#book.announce(index, bytes.length, id, false, { encoding: 'patch', lengthBytes: patch.length });
    this.#reader!.release(index);
    this.#cargo.announce(this.#book.entryOf(index)!);
    this.#cargo.load(index, patch, false);
    return true;
  }

  #dropPatch(index: number): boolean {
    const patch = this.#patches.get(index);
    if (!patch) return false;
    this.#patches.delete(index);
    this.#patchesBytes -= patch.length;
    const run = { start: index, end: index + 1 };
    this.#cargo.cancel(run);
    return true;
  }

  /** A chunk that could not be copied, and that the cloud may still know by its id. */
  async #nameInstead(index: number, bytes: Uint8Array): Promise<boolean> {
    this.#uncopied.delete(index);
    const id = hash('sha256', bytes, 'buffer');
    if (!this.#book.mayName(index) || !(await this.#source!.ledger.has(id))) return false;
    if (this.#closed) return true;
    this.#book.again.delete(index);
    this.#book.announce(index, bytes.length, id, true);
    this.#cargo.announce(this.#book.entryOf(index)!);
    return true;
  }

  get #isCopied(): boolean {
    return this.#copies?.isSaid ?? true;
  }

  async #ended(whole: Whole): Promise<boolean> {
    void this.#recorder?.end(whole);
    this.#equalTo = await this.#source!.unchanged(whole);
    if (this.#closed) return false;
    this.#whole = whole;
    this.#copies?.close();
    if (this.#proof) this.#compare(whole, this.#proof);
    else this.#endIfUnchanged();
    return false;
  }

  /** Not before the cloud has said that it has not this very upload, from an earlier life and with another content. */
  #endIfUnchanged(): void {
    if (this.#equalTo !== undefined && !this.#awaitsHeld) this.#sent.end({ unchanged: this.#equalTo });
  }

  #changed(): boolean {
    this.#sent.end({ changed: true });
    this.#stored.end({ incomplete: true }); // sending again finds the same and says it
    return false;
  }

  #compare(whole: Whole, proof: StoredProof): void {
    const same = whole.lengthBytes === proof.lengthBytes && Buffer.compare(whole.sha256, proof.sha256) === 0;
    if (!same && this.#finishSaid) {
      this.refuse(lineFailure('TENDER_RECEIPT_MISMATCH'));
      return;
    }
    // Finished in an earlier life of this upload, and the file has changed since.
    if (!same) {
      this.#changed();
      return;
    }
    this.#settle({ start: 0, end: whole.chunks });
    this.#book.durableBytes = whole.lengthBytes;
    this.meter.compressed(this.#packSavedBytes);
    this.#packSavedBytes = 0;
    this.#sent.end({ sent: whole });
    this.#stored.end({ stored: proof });
  }

  /** These are durable ashore: forgotten here, remembered in the ledger. */
  #settle(run: Run): void {
    const { ids, namedBytes, savedBytes } = this.#book.settle(run);
    const copiedBytes = this.#copies?.settle(run) ?? 0;
    this.#book.durableBytes += copiedBytes;
    this.meter.named(namedBytes + copiedBytes + savedBytes.patch);
    this.meter.compressed(savedBytes.zstd);
    for (const index of this.#patches.keys())
      if (index >= run.start && index < run.end) this.#dropPatch(index);
    this.#cargo.cancel(run);
    if (ids.length > 0) void this.#source?.ledger.remember(ids, 'areNew').catch(() => {}); // only a hint
  }
}

function formOf(encoded: Encoded | undefined): GoingForm | undefined {
  return encoded && { encoding: 'zstd', lengthBytes: encoded.bytes.length, level: encoded.level };
}

function said(handle: number, frame: Uint8Array): Parcel {
  return { frame, load: { kind: 'said', handle } };
}

function internalFailure(error: unknown): Failure {
  const message = `Reading the document failed: ${error instanceof Error ? error.message : String(error)}`;
  return { class: 'LOCAL', code: 'TENDER_LOCAL_EXHAUSTED', message };
}
