// One document on its way: pulls chunks from its reader, names what the cloud has, cuts the rest into slices when the line asks
// for bytes, and forgets a chunk when it is durable ashore. It outlives lanes, and the effects that wait for it; what HELD says
// after a cut decides what goes again. Driven by line.ts, which owns the order between documents.

import type { Failure } from '../../cloud/contract/failure.ts';
import { encodeSlice, encodeYachtFrame } from '../../cloud/contract/frame-encoder.ts';
import { frameLimits, type HeldFrame, type WantFrame } from '../../cloud/contract/frames.ts';
import { type Run, RunSet } from '../../cloud/contract/runs.ts';
import type { DocumentReader } from '../files/document-reader.ts';
import type { ChunkLedger } from '../files/ledger.ts';
import { lineFailure } from './failures.ts';
import type { LineLimitsAboard } from './limits.ts';

export interface Upload {
  readonly uploadId: string;
  readonly name: Uint8Array;
  readonly version: number;
  readonly priority: number;
  readonly modifiedMs: number;
  /** Size as last seen, for progress. */
  readonly sizeBytes?: number;
}

/** Whole document as read to its end. */
export interface Whole {
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly chunks: number;
}

export interface DocumentSource {
  open(): DocumentReader;
  readonly ledger: ChunkLedger;
  /** The version ashore that this content is equal to, if sending it would change nothing. */
  unchanged(read: Whole): Promise<number | undefined>;
}

export interface StoredProof {
  readonly documentId: string;
  readonly version: number;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly storedMs: number;
  readonly keyId: string;
  /** Canonical bytes of the receipt, and what proves them: contract/receipt.ts. */
  readonly receipt: Uint8Array;
  readonly proof: Uint8Array;
}

/** How sending ended. `refused`: the line or the cloud; `failed`: the file or this machine. */
export type Sent =
  | { readonly sent: Whole }
  | { readonly unchanged: number }
  | { readonly changed: true }
  | { readonly failed: Failure }
  | { readonly refused: Failure };

export type Stored =
  | { readonly stored: StoredProof }
  | { readonly incomplete: true }
  | { readonly refused: Failure };

export interface OutgoingProgress {
  readonly durableBytes: number;
  readonly sentBytes: number;
  readonly sizeBytes?: number;
}

/** A chunk announced and not durable yet. */
interface Announced {
  readonly length: number;
  readonly id: Uint8Array;
}

/** Bytes in hand, the next to leave. */
interface InHand {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly pooled: boolean;
  at: number;
}

export class OutgoingDocument {
  readonly upload: Upload;
  priority: number;
  handle: number | undefined;
  durableBytes = 0;
  sentBytes = 0;

  readonly #limits: LineLimitsAboard;
  readonly #source: DocumentSource | undefined;
  readonly #wake: () => void;
  #reader: DocumentReader | undefined;
  #reading = false;
  #whole: Whole | undefined;
  readonly #durable = new RunSet();
  readonly #announced = new Map<number, Announced>();
  readonly #named = new Set<number>();
  #countRead = 0;
  #undurableBytes = 0;
  readonly #again = new RunSet();
  readonly #unknownAshore = new RunSet();
  #partial = new Map<number, number>();
  #entries: { index: number; length: number; id?: Uint8Array }[] = [];
  #hand: InHand[] = [];
  #handBytes = 0;
  #offerSaid = false;
  #finishSaid = false;
  #awaitsHeld: boolean;
  #wantRounds = 0;
  #proof: StoredProof | undefined;
  #closed = false;
  #suspended = false;
  #sentOutcome: Sent | undefined;
  #storedOutcome: Stored | undefined;
  readonly #sentWaiters = new Set<(outcome: Sent) => void>();
  readonly #storedWaiters = new Set<(outcome: Stored) => void>();

  /** Without a source it only asks whether the upload is stored. `fresh`: the cloud cannot hold anything of it. */
  constructor(
    upload: Upload,
    parts: { source: DocumentSource | undefined; fresh: boolean; limits: LineLimitsAboard; wake: () => void },
  ) {
    this.upload = upload;
    this.priority = upload.priority;
    this.#source = parts.source;
    this.#awaitsHeld = !parts.fresh;
    this.#limits = parts.limits;
    this.#wake = parts.wake;
  }

  get isSuspended(): boolean {
    return this.#suspended;
  }

  get hasSource(): boolean {
    return this.#source !== undefined;
  }

  get isOver(): boolean {
    return (
      this.#storedOutcome !== undefined || (this.#sentOutcome !== undefined && !('sent' in this.#sentOutcome))
    );
  }

  /** Ended with anything but sent and stored: a new life of the same upload needs a new document. */
  get hasFailed(): boolean {
    return (
      (this.#sentOutcome !== undefined && !('sent' in this.#sentOutcome)) ||
      (this.#storedOutcome !== undefined && !('stored' in this.#storedOutcome))
    );
  }

  get progress(): OutgoingProgress {
    const { sizeBytes } = this.upload;
    return {
      durableBytes: this.durableBytes,
      sentBytes: this.sentBytes,
      ...(sizeBytes !== undefined && { sizeBytes }),
    };
  }

  // ------------------------------------------------------------------------------ for the effects

  whenSent(): Promise<Sent> {
    return this.#outcome(this.#sentOutcome, this.#sentWaiters);
  }

  whenStored(): Promise<Stored> {
    return this.#outcome(this.#storedOutcome, this.#storedWaiters);
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
    this.#endSent({ refused: failure });
    this.#endStored({ refused: failure });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#hand = [];
    await this.#reader?.close();
  }

  // ------------------------------------------------------------------------------ for the line

  /** A lane is open: under this handle from now on. With what the cloud already said it holds, if it did. */
  bind(handle: number, held: readonly HeldFrame[] | undefined): void {
    const wasBound = this.handle !== undefined;
    this.handle = handle;
    this.#offerSaid = false;
    this.#finishSaid = false;
    if (wasBound) this.#awaitsHeld = true;
    this.#entries = [];
    this.#partial = new Map();
    for (const item of this.#hand) item.at = 0;
    for (const index of this.#announced.keys()) this.#again.add(index);
    for (const item of this.#hand) this.#again.delete(item.index);
    for (const frame of held ?? []) this.held(frame);
    void this.#read();
  }

  /** No lane: nothing leaves, reading waits. */
  unbind(): void {
    this.#offerSaid = false;
    this.#awaitsHeld = true;
  }

  held(frame: HeldFrame): void {
    for (const run of frame.durable) this.#settle(run);
    // Asked nothing, so nothing waits: what is in the air is not to be sent again.
    if (!this.#awaitsHeld) return;
    for (const { index, prefixBytes } of frame.partial) this.#partial.set(index, prefixBytes);
    if (frame.more) return;
    this.#awaitsHeld = false;
    for (const item of this.#hand) item.at = Math.min(this.#partial.get(item.index) ?? 0, item.bytes.length);
    for (const [index, { length, id }] of this.#announced) {
      this.#entries.push({ index, length, ...(this.#isNamed(index) && { id }) });
      // Whole ashore, only not durable yet: nothing to send.
      if (this.#isNamed(index) || (this.#partial.get(index) ?? 0) >= length) this.#again.delete(index);
    }
    if (!this.#source) this.#endStored({ incomplete: true });
    void this.#read();
    this.#wake();
  }

  durable(runs: readonly Run[]): void {
    for (const run of runs) this.#settle(run);
    void this.#read();
  }

  want(frame: WantFrame): void {
    if (!this.#source) {
      this.#endStored({ incomplete: true });
      return;
    }
    if (frame.reason === 'known') {
      for (const run of frame.runs) this.#cancel(run);
      return;
    }
    this.#wantRounds += 1;
    if (this.#wantRounds > this.#limits.wantRoundsMax) {
      this.refuse(lineFailure('TENDER_SYNC_LOST'));
      return;
    }
    const strangers: Uint8Array[] = [];
    for (const run of frame.runs) {
      for (let index = run.start; index < Math.min(run.end, this.#countRead); index++) {
        const id = this.#announced.get(index)?.id;
        if (id && this.#isNamed(index)) strangers.push(id);
        this.#unknownAshore.add(index);
        this.#durable.delete(index);
        this.#partial.delete(index);
        if (!this.#hand.some((item) => item.index === index)) this.#again.add(index);
      }
    }
    this.#finishSaid = false;
    void this.#source.ledger.forget(strangers).catch(() => {}); // only a hint: a stale one is asked for again
    void this.#read();
    this.#wake();
  }

  /** The cloud's signed word. What it says of the content must be what was read here. */
  stored(proof: StoredProof): void {
    this.#proof = proof;
    if (!this.#source) this.#endStored({ stored: proof });
    else if (this.#whole) this.#compare(this.#whole, proof);
    else void this.#read(); // finished before: read on to know that it is the same
  }

  /** The next frame to leave, its slice at most `maxBytes` long; undefined: nothing now. */
  take(maxBytes: number, allocate?: (count: number) => Uint8Array): Uint8Array | undefined {
    const handle = this.handle;
    if (handle === undefined || this.#suspended || this.#closed || this.isOver || this.#proof)
      return undefined;
    if (!this.#offerSaid) return this.#offer(handle);
    if (this.#awaitsHeld) return undefined;
    if (this.#entries.length > 0) return this.#manifest(handle);
    const item = this.#hand[0];
    if (item) return this.#slice(handle, item, maxBytes, allocate);
    const whole = this.#whole;
    if (!whole || this.#finishSaid || !this.#again.isEmpty || this.#reading) return undefined;
    this.#finishSaid = true;
    this.#endSent({ sent: whole });
    return encodeYachtFrame({ type: 'FINISH', handle, ...whole, extensions: [] });
  }

  // ------------------------------------------------------------------------------ frames

  #offer(handle: number): Uint8Array {
    this.#offerSaid = true;
    const { uploadId, name, version, modifiedMs } = this.upload;
    const { priority } = this;
    const frame = { handle, uploadId, name, version, priority, modifiedMs, extensions: [] };
    return encodeYachtFrame({ type: 'OFFER', ...frame });
  }

  /** One run of consecutive entries. */
  #manifest(handle: number): Uint8Array {
    const entries = this.#entries.sort((a, b) => a.index - b.index);
    const first = entries[0]!.index;
    let count = 1;
    while (entries[count]?.index === first + count && count < manifestEntriesPerFrame) count++;
    this.#entries = entries.slice(count);
    return encodeYachtFrame({
      type: 'MANIFEST',
      handle,
      first,
      entries: entries.slice(0, count),
      extensions: [],
    });
  }

  #slice(
    handle: number,
    item: InHand,
    maxBytes: number,
    allocate: ((count: number) => Uint8Array) | undefined,
  ): Uint8Array | undefined {
    const left = item.bytes.length - item.at;
    if (left === 0) {
      this.#dropHand(0);
      void this.#read();
      return this.take(maxBytes, allocate);
    }
    const length = Math.min(left, maxBytes);
    const frame = encodeSlice(
      handle,
      item.index,
      item.at,
      item.bytes.subarray(item.at, item.at + length),
      allocate,
    );
    item.at += length;
    this.sentBytes += length;
    if (item.at === item.bytes.length) {
      this.#dropHand(0);
      void this.#read();
    }
    return frame;
  }

  // ------------------------------------------------------------------------------ reading ahead

  /** One reader at a time: chunks that must go again first, then the next of the file. */
  async #read(): Promise<void> {
    if (this.#reading || !this.#source) return;
    this.#reading = true;
    try {
      while (this.#mayRead()) {
        const [again] = this.#again.runs;
        const more = again && !this.#awaitsHeld ? await this.#readAgain(again.start) : await this.#readNext();
        this.#wake();
        if (!more) break;
      }
    } catch (error) {
      this.#endSent({ failed: internalFailure(error) });
      this.#endStored({ refused: internalFailure(error) });
    } finally {
      this.#reading = false;
      this.#wake();
    }
  }

  #mayRead(): boolean {
    if (this.#closed || this.isOver || this.#suspended || this.handle === undefined) return false;
    if (this.#handBytes >= this.#limits.prefetchMaxBytes) return false;
    if (!this.#again.isEmpty && !this.#awaitsHeld) return true;
    if (this.#whole || this.#undurableBytes >= this.#limits.undurableMaxBytes) return false;
    return true;
  }

  async #readAgain(index: number): Promise<boolean> {
    const bytes = await this.#reader!.again(index);
    if (this.#closed) return false;
    if (!bytes) return this.#changed();
    if (!this.#again.has(index)) return true; // became durable meanwhile
    this.#again.delete(index);
    const named = this.#announced.get(index);
    if (!named) this.#announce(index, bytes.length, new Uint8Array(0));
    this.#entries.push({ index, length: bytes.length });
    this.#take({ index, bytes, pooled: false, at: Math.min(this.#partial.get(index) ?? 0, bytes.length) });
    return true;
  }

  async #readNext(): Promise<boolean> {
    const source = this.#source!;
    this.#reader ??= source.open();
    const step = await this.#reader.next();
    if (this.#closed) return false;
    if ('changed' in step) return this.#changed();
    if ('failed' in step) {
      this.#endSent(step);
      return false;
    }
    if ('end' in step) return this.#ended(step.end);
    const { index, bytes, id } = step.chunk;
    this.#countRead = index + 1;
    if (this.#durable.has(index) || this.#proof) {
      this.durableBytes += bytes.length;
      this.#reader.release(index);
      await source.ledger.remember([id]);
      return true;
    }
    const known = await source.ledger.has(id);
    if (this.#closed) return false;
    if (known && !this.#unknownAshore.has(index)) {
      this.#announce(index, bytes.length, id);
      this.#named.add(index);
      this.#entries.push({ index, length: bytes.length, id });
      this.#reader.release(index);
      return true;
    }
    if (this.#durable.has(index)) return true;
    this.#announce(index, bytes.length, id);
    this.#entries.push({ index, length: bytes.length });
    this.#take({ index, bytes, pooled: true, at: Math.min(this.#partial.get(index) ?? 0, bytes.length) });
    return true;
  }

  async #ended(whole: Whole): Promise<boolean> {
    const version = await this.#source!.unchanged(whole);
    if (this.#closed) return false;
    if (version !== undefined) this.#endSent({ unchanged: version });
    this.#whole = whole;
    if (this.#proof) this.#compare(whole, this.#proof);
    return false;
  }

  #changed(): boolean {
    this.#endSent({ changed: true });
    this.#endStored({ incomplete: true }); // sending again finds the same and says it
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
    this.durableBytes = whole.lengthBytes;
    this.#endSent({ sent: whole });
    this.#endStored({ stored: proof });
  }

  // ------------------------------------------------------------------------------ bookkeeping

  /** Was this chunk named by its id instead of sent? */
  #isNamed(index: number): boolean {
    return this.#named.has(index) && !this.#unknownAshore.has(index);
  }

  #announce(index: number, length: number, id: Uint8Array): void {
    this.#announced.set(index, { length, id });
    this.#undurableBytes += length;
  }

  #take(item: InHand): void {
    this.#hand.push(item);
    this.#handBytes += item.bytes.length;
  }

  #dropHand(position: number): void {
    const [item] = this.#hand.splice(position, 1);
    if (!item) return;
    this.#handBytes -= item.bytes.length;
    if (item.pooled) this.#reader?.release(item.index);
  }

  /** These are durable ashore: forgotten here, remembered in the ledger. */
  #settle(run: Run): void {
    this.#durable.add(run.start, run.end);
    const ids: Uint8Array[] = [];
    for (const [index, { length, id }] of this.#announced) {
      if (index < run.start || index >= run.end) continue;
      this.#announced.delete(index);
      this.#named.delete(index);
      this.#undurableBytes -= length;
      this.durableBytes += length;
      if (id.length > 0) ids.push(id);
    }
    this.#cancel(run);
    if (ids.length > 0) void this.#source?.ledger.remember(ids).catch(() => {}); // only a hint
  }

  /** Bytes of these need not leave any more. */
  #cancel(run: Run): void {
    this.#again.delete(run.start, run.end);
    this.#entries = this.#entries.filter(({ index }) => index < run.start || index >= run.end);
    for (let at = this.#hand.length - 1; at >= 0; at--) {
      const { index } = this.#hand[at]!;
      if (index >= run.start && index < run.end) this.#dropHand(at);
    }
  }

  #outcome<T>(outcome: T | undefined, waiters: Set<(outcome: T) => void>): Promise<T> {
    return outcome ? Promise.resolve(outcome) : new Promise((resolve) => waiters.add(resolve));
  }

  #endSent(outcome: Sent): void {
    if (this.#sentOutcome) return;
    this.#sentOutcome = outcome;
    for (const waiter of this.#sentWaiters) waiter(outcome);
    this.#sentWaiters.clear();
  }

  #endStored(outcome: Stored): void {
    if (this.#storedOutcome) return;
    this.#storedOutcome = outcome;
    for (const waiter of this.#storedWaiters) waiter(outcome);
    this.#storedWaiters.clear();
  }
}

/** Entries of one MANIFEST: a frame of ids stays below 20 KB. */
const manifestEntriesPerFrame = Math.min(512, frameLimits.manifestEntriesMaxCount);

function internalFailure(error: unknown): Failure {
  const message = `Reading the document failed: ${error instanceof Error ? error.message : String(error)}`;
  return { class: 'LOCAL', code: 'TENDER_LOCAL_EXHAUSTED', message };
}
