// One upload as it comes together ashore: manifest, slices, chunks complete, chunks durable. It outlives lanes and sessions, so
// that a cut costs only what was in the air. Fed by a session, emptied into documents.store; kept on the shelf.

import type { AnnouncedChunk, EncodedForm, PartialHeld } from '../contract/frames.ts';
import { RunSet } from '../contract/runs.ts';
import type { Documents } from '../decide/documents.ts';
import type { DeviceScope, ManifestEntry } from '../ports.ts';
import type { EncodedChunk } from './decode.ts';
import { Decodings } from './decodings.ts';
import type { LineLimitsAshore } from './limits.ts';
import { PartialChunk } from './partial-chunk.ts';

/** Who wants to know: the session that has this document open now. */
export interface AssemblyOwner {
  durable(assembly: Assembly, indexes: readonly number[]): void;
  unknownReferences(assembly: Assembly, indexes: readonly number[]): void;
  /** The chunk's own bytes; rejects when they cannot be had from these. */
  decode(chunk: EncodedChunk): Promise<Uint8Array>;
  /** Its encoded bytes were no good: it is to come as it is. */
  undecodable(assembly: Assembly, index: number, error: unknown): void;
  /** Nothing waits for the store any more. */
  idle(assembly: Assembly): void;
  failed(assembly: Assembly, error: unknown): void;
}

export type SliceVerdict = 'taken' | 'known' | 'refused';

export class Assembly {
  readonly uploadId: string;
  readonly deviceId: string;
  readonly durable = new RunSet();
  /** Memory of incomplete chunks. */
  partialBytes = 0;
  owner: AssemblyOwner | undefined;
  /** Set once the offer was answered: before that nothing may be stored. */
  scope: DeviceScope | undefined;

  readonly #documents: Pick<Documents, 'store'>;
  readonly #limits: LineLimitsAshore;
  /** Announced and not complete: length of the content, and the form in which it travels unless as it is. */
  readonly #announced = new Map<number, { readonly length: number; readonly encoded?: EncodedForm }>();
  readonly #partial = new Map<number, PartialChunk>();
  readonly #ready = new Map<number, Uint8Array>();
  /** Of chunks ready and being stored. */
  #completeBytes = 0;
  /** Complete in their encoded form. */
  readonly #decodings: Decodings;
  /** Could not be decoded, or came as they are after all: taken so from now on, whatever older frames still say. */
  readonly #plainOnly = new Set<number>();
  readonly #references = new Map<number, ManifestEntry>();
  #storing: { chunks: Map<number, Uint8Array>; references: Map<number, ManifestEntry> } | undefined;
  /** Of the session that has it open now, or had it last. */
  #epoch = 0;

  constructor(
    identity: { readonly deviceId: string; readonly uploadId: string },
    documents: Pick<Documents, 'store'>,
    limits: LineLimitsAshore,
  ) {
    this.deviceId = identity.deviceId;
    this.uploadId = identity.uploadId;
    this.#documents = documents;
    this.#limits = limits;
    this.#decodings = new Decodings({
      atOnceMax: limits.decodingMaxCount,
      mayGoOn: () => this.#completeBytes < limits.storeBatchMaxBytes,
      decoder: () => this.owner && ((chunk) => this.owner!.decode(chunk)),
      decoded: (index, content) => {
        if (!this.#holds(index)) this.#complete(index, content);
      },
      undecodable: (index, error) => {
        if (!this.#holds(index)) this.#undecodable(index, error);
      },
    });
  }

  /** Of complete chunks not yet durable. Those not decoded yet count as what they will be. */
  get readyBytes(): number {
    return this.#completeBytes + this.#decodings.contentBytes;
  }

  get isIdle(): boolean {
    return (
      this.#storing === undefined &&
      this.#ready.size === 0 &&
      this.#references.size === 0 &&
      this.#decodings.size === 0
    );
  }

  /** References not yet stored: whoever has many more waits. */
  get referencesPending(): number {
    return this.#references.size + (this.#storing?.references.size ?? 0);
  }

  /** A session opens it: what an earlier one was granted counts no more. */
  belongTo(owner: AssemblyOwner, epoch: number): void {
    this.owner = owner;
    this.#decodings.goOn();
    if (this.#epoch === epoch) return;
    this.#epoch = epoch;
    this.scope = undefined;
    // An earlier life of the yacht may have said otherwise what these bytes are, and nobody knows in which form they came.
    for (const [index, { length }] of this.#partial) if (length === undefined) this.#forgetPartial(index);
    this.#plainOnly.clear();
  }

  /** Takes manifest entries; false when there are more of them unstored than allowed. */
  describe(first: number, entries: readonly AnnouncedChunk[]): boolean {
    for (const [at, { length, id, encoded }] of entries.entries()) {
      const index = first + at;
      if (this.#holds(index)) continue;
      if (id) {
        this.#references.set(index, { index, id: Uint8Array.from(id), length });
        this.#announced.delete(index);
        this.#forgetPartial(index);
        continue;
      }
      if (encoded && this.#plainOnly.has(index)) continue;
      const before = this.#announced.get(index);
      if (before && !sameForm(before.encoded, encoded)) {
        this.#forgetPartial(index);
        if (before.encoded && !encoded) this.#plainOnly.add(index);
      }
      this.#announced.set(index, { length, ...(encoded && { encoded }) });
      const partial = this.#partial.get(index);
      if (!partial) continue;
      partial.length = encoded?.lengthBytes ?? length;
      partial.encoded = encoded;
      this.#completeIfWhole(index, partial);
    }
    this.#store();
    const rememberedCount = this.#announced.size + this.#references.size + this.#plainOnly.size;
    return rememberedCount <= this.#limits.entriesPendingMax;
  }

  slice(index: number, offset: number, bytes: Uint8Array): SliceVerdict {
    if (bytes.length === 0 || offset + bytes.length > this.#limits.chunkMaxBytes) return 'refused';
    if (this.#holds(index)) return 'known';
    const announced = this.#announced.get(index);
    if (!announced && this.#plainOnly.has(index)) return 'known'; // late ones of the form that was no good
    const length = announced?.encoded?.lengthBytes ?? announced?.length;
    if (length !== undefined && offset + bytes.length > length)
      return this.#plainOnly.has(index) ? 'known' : 'refused';
    const partial = this.#partial.get(index);
    if (offset === 0 && bytes.length === length) {
      // The whole chunk in one frame, the common case on a fast line: kept as it came, not copied.
      this.#forgetPartial(index);
      this.#arrived(index, bytes, announced?.encoded);
      return 'taken';
    }
    const chunk = partial ?? new PartialChunk(length, announced?.encoded);
    if (partial) this.partialBytes -= chunk.heldBytes;
    else this.#partial.set(index, chunk);
    const isTaken = chunk.add(offset, bytes);
    this.partialBytes += chunk.heldBytes;
    if (!isTaken) return 'refused';
    this.#completeIfWhole(index, chunk);
    return 'taken';
  }

  /** What need not be sent besides the durable: complete chunks on their way to the store, and beginnings of others. */
  held(): PartialHeld[] {
    const held: PartialHeld[] = [...(this.#storing?.chunks ?? []), ...this.#ready].map(([index, bytes]) => ({
      index,
      prefixBytes: bytes.length,
    }));
    held.push(...this.#decodings.held());
    for (const [index, { prefixBytes, encoded, length }] of this.#partial) {
      // Not announced yet: in which form it comes is not known, so nobody could go on with it.
      if (prefixBytes > 0 && length !== undefined)
        held.push({ index, prefixBytes, ...(encoded && { encoded }) });
    }
    return held.sort((a, b) => a.index - b.index);
  }

  /** Forgets the incomplete chunks, oldest first, until at most `maxBytes` of them are held. */
  shrink(maxBytes: number): void {
    for (const index of this.#partial.keys()) {
      if (this.partialBytes <= maxBytes) return;
      this.#forgetPartial(index);
    }
  }

  /** The store says that these are not ashore after all. */
  lose(indexes: readonly number[]): void {
    for (const index of indexes) this.durable.delete(index);
  }

  /** The offer was answered: these are durable, and storing may begin. */
  open(scope: DeviceScope, durable: readonly ManifestEntry[]): void {
    this.scope = scope;
    for (const { index } of durable) this.#settle(index);
    this.#store();
  }

  #holds(index: number): boolean {
    return (
      this.durable.has(index) ||
      this.#ready.has(index) ||
      this.#references.has(index) ||
      this.#decodings.has(index) ||
      this.#storing?.chunks.has(index) === true ||
      this.#storing?.references.has(index) === true
    );
  }

  #completeIfWhole(index: number, chunk: PartialChunk): void {
    if (!chunk.isComplete) return;
    const { bytes, encoded } = chunk;
    this.#forgetPartial(index);
    this.#arrived(index, bytes, encoded);
  }

  /** Whole, in the form in which it travelled. */
  #arrived(index: number, bytes: Uint8Array, encoded: EncodedForm | undefined): void {
    const announced = this.#announced.get(index);
    if (encoded && announced) this.#decodings.add(index, bytes, encoded, announced.length);
    else this.#complete(index, bytes);
  }

  #undecodable(index: number, error: unknown): void {
    this.#announced.delete(index);
    this.#plainOnly.add(index);
    this.owner?.undecodable(this, index, error);
    if (this.isIdle) this.owner?.idle(this);
  }

  #complete(index: number, bytes: Uint8Array): void {
    this.#ready.set(index, bytes);
    this.#completeBytes += bytes.length;
    this.#store();
  }

  #forgetPartial(index: number): void {
    const chunk = this.#partial.get(index);
    if (!chunk) return;
    this.partialBytes -= chunk.heldBytes;
    this.#partial.delete(index);
  }

  #settle(index: number): void {
    this.durable.add(index);
    this.#announced.delete(index);
    this.#plainOnly.delete(index);
    this.#references.delete(index);
    this.#forgetPartial(index);
    const ready = this.#ready.get(index);
    if (ready && this.#ready.delete(index)) this.#completeBytes -= ready.length;
  }

  /** One call of the store at a time per document; what arrives meanwhile is the next group. */
  #store(): void {
    const { scope } = this;
    if (this.#storing || !scope || (this.#ready.size === 0 && this.#references.size === 0)) return;
    const chunks = new Map<number, Uint8Array>();
    let bytes = 0;
    for (const [index, chunk] of [...this.#ready].sort(([a], [b]) => a - b)) {
      if (bytes >= this.#limits.storeBatchMaxBytes || chunks.size >= this.#limits.storeBatchMaxCount) break;
      chunks.set(index, chunk);
      this.#ready.delete(index);
      bytes += chunk.length;
    }
    const references = [...this.#references.values()].slice(0, this.#limits.storeBatchMaxCount);
    for (const { index } of references) this.#references.delete(index);
    this.#storing = { chunks, references: new Map(references.map((entry) => [entry.index, entry])) };
    const sent = [...chunks].map(([index, chunk]) => ({ index, bytes: chunk }));
    this.#documents.store(scope, this.uploadId, sent, references).then(
      ({ durable, missing }) => this.#stored(bytes, durable, missing),
      (error: unknown) =>
        scope.epoch === this.#epoch ? this.#storeFailed(bytes, error) : this.#storeAgain(),
    );
  }

  #stored(bytes: number, durable: readonly number[], missing: readonly number[]): void {
    this.#storing = undefined;
    this.#completeBytes -= bytes;
    this.#decodings.goOn();
    for (const index of durable) this.#settle(index);
    for (const index of missing) this.#announced.delete(index);
    this.owner?.durable(this, durable);
    if (missing.length > 0) this.owner?.unknownReferences(this, missing);
    if (this.isIdle) this.owner?.idle(this);
    else this.#store();
  }

  /** Begun for a session that is no more, which says nothing about the one that has it open now: stored again for that. */
  #storeAgain(): void {
    const { chunks, references } = this.#storing!;
    this.#storing = undefined;
    for (const [index, chunk] of chunks) this.#ready.set(index, chunk);
    for (const [index, entry] of references) this.#references.set(index, entry);
    this.#store();
  }

  /** The bytes of the group are let go: the yacht is told, and will be asked for them. */
  #storeFailed(bytes: number, error: unknown): void {
    this.#storing = undefined;
    this.#completeBytes -= bytes;
    this.scope = undefined;
    this.#decodings.goOn();
    this.owner?.failed(this, error);
  }
}

function sameForm(one: EncodedForm | undefined, other: EncodedForm | undefined): boolean {
  return one?.encoding === other?.encoding && one?.lengthBytes === other?.lengthBytes;
}
