// What the cloud decides about a document on its way in: offer, chunks, finish. Plain functions over the ports, used by
// cloud/line and by the simulator. The order of writes is the promise: bytes durable in a segment → rows → "durable"
// answer → version row with its job → receipt. Whatever is referenced already exists.
import { createHash } from 'node:crypto';
import { codeOf } from '../cloud-error.ts';
import type { Name } from '../contract/name.ts';
import type {
  BlobStore,
  ChunkPlace,
  CloudStore,
  DeviceScope,
  EntryRange,
  ManifestEntry,
  Offer,
  OfferAnswer,
  Receipt,
} from '../ports.ts';
import { createRunningHashes, type Prefix, type RunningHashes } from './running-hash.ts';
import { storeWhole, type WholeDocument, type WholeOutcome } from './whole-documents.ts';

export interface DocumentLimits {
  /** Uploads whose whole-file hash is computed as the bytes arrive; one costs about 1 KiB. */
  readonly hashedUploadsMax: number;
  /** Chunks looked up and read back at once at a finish: 32 × 256 KiB = 8 MiB of memory at most. */
  readonly readBackChunks: number;
}

export const documentLimits: DocumentLimits = { hashedUploadsMax: 256, readBackChunks: 32 };

/** A chunk sent in full: its id is computed here, never believed. `bytes` may be reused after the answer. */
export interface SentChunk {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export interface Finish {
  readonly uploadId: string;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly chunks: number;
}

export type FinishAnswer =
  | { readonly receipt: Receipt }
  /** Indexes without bytes ashore: send them and finish again. */
  | { readonly missing: readonly number[] }
  /** All chunks are here and are not the announced document: the open upload is forgotten, offer it again. */
  | { readonly mismatch: true };

export interface Documents {
  offer(scope: DeviceScope, offer: Offer): Promise<OfferAnswer>;
  /** Answers which indexes are durable, and which references name a chunk that is not ashore. */
  store(
    scope: DeviceScope,
    uploadId: string,
    chunks: readonly SentChunk[],
    references: readonly ManifestEntry[],
  ): Promise<{ readonly durable: readonly number[]; readonly missing: readonly number[] }>;
  finish(scope: DeviceScope, finish: Finish): Promise<FinishAnswer>;
  /** Whole small documents, many in one transaction; answers by position. */
  storeWhole(scope: DeviceScope, documents: readonly WholeDocument[]): Promise<readonly WholeOutcome[]>;
  /** What a version of this device's document is made of there, less beyond its end; undefined when it is not ashore. */
  baseEntries(
    scope: DeviceScope,
    name: Name,
    version: number,
    range: EntryRange,
  ): Promise<readonly ManifestEntry[] | undefined>;
  /** The bytes of an entry of such a version, checked; undefined when they are lost or rotten (and then condemned). */
  baseChunk(scope: DeviceScope, entry: ManifestEntry): Promise<Uint8Array | undefined>;
  drop(scope: DeviceScope, uploadId: string): Promise<void>;
  inventory(scope: DeviceScope, after: Name | null, limit: number): ReturnType<CloudStore['inventory']>;
}

export interface DocumentPorts {
  readonly store: CloudStore;
  readonly blobs: BlobStore;
  readonly limits?: DocumentLimits;
}

export function createDocuments({ store, blobs, limits = documentLimits }: DocumentPorts): Documents {
  const hashes = createRunningHashes(limits.hashedUploadsMax);
  return {
    offer: (scope, offer) => store.offerDocument(scope, offer),
    store: (scope, uploadId, chunks, references) =>
      storeChunks({ store, blobs, hashes }, scope, uploadId, chunks, references),
    finish: (scope, finish) => finishDocument({ store, blobs, hashes, limits }, scope, finish),
    storeWhole: (scope, documents) => storeWhole({ store, blobs }, scope, documents),
    baseEntries: (scope, name, version, range) => store.versionEntries(scope, name, version, range),
    async baseChunk({ tenantId }, entry) {
      const [place] = await store.findChunks(tenantId, [entry.id]);
      const bytes = place && (await readWhole(blobs, tenantId, entry, place));
      if (bytes === null) await store.condemnChunks(tenantId, [entry.id]);
      return bytes ?? undefined;
    },
    async drop(scope, uploadId) {
      hashes.forget(keyOf(scope, uploadId));
      await store.dropDocument(scope, uploadId);
    },
    inventory: (scope, after, limit) => store.inventory(scope, after, limit),
  };
}

interface Parts {
  readonly store: CloudStore;
  readonly blobs: BlobStore;
  readonly hashes: RunningHashes;
}

const keyOf = (scope: DeviceScope, uploadId: string) => `${scope.deviceId}/${uploadId}`;
const textOf = (id: Uint8Array) => Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');

export type { WholeDocument } from './whole-documents.ts';

async function storeChunks(
  { store, blobs, hashes }: Parts,
  scope: DeviceScope,
  uploadId: string,
  chunks: readonly SentChunk[],
  references: readonly ManifestEntry[],
): Promise<{ durable: number[]; missing: readonly number[] }> {
  const sent = chunks.map(({ index, bytes }) => ({ index, bytes, id: sha256(bytes), length: bytes.length }));
  // In the order of arrival, before anything is awaited: batches may overtake each other on their way to the disk. What is
  // hashed here and never recorded, or recorded otherwise, is noticed at the finish by its ids.
  hashes.advance(keyOf(scope, uploadId), sent);
  const places = await placeNew(store, blobs, scope.tenantId, sent);
  const entries = [
    ...sent.map(({ index, id, length }) => {
      const place = places.get(textOf(id));
      return place ? { index, id, length, place } : { index, id, length };
    }),
    ...references,
  ];
  const { missing } = await store.recordChunks(scope, uploadId, entries);
  const absent = new Set(missing);
  return { durable: entries.map((entry) => entry.index).filter((index) => !absent.has(index)), missing };
}

/** Appends those chunks the tenant does not hold yet, each content once; answers where they went. */
async function placeNew(
  store: CloudStore,
  blobs: BlobStore,
  tenantId: string,
  sent: readonly { bytes: Uint8Array; id: Uint8Array }[],
): Promise<Map<string, ChunkPlace>> {
  const placed = new Map<string, ChunkPlace>();
  const fresh = [...new Map(sent.map((chunk) => [textOf(chunk.id), chunk])).values()];
  if (fresh.length === 0) return placed;
  const known = await store.findChunks(
    tenantId,
    fresh.map((chunk) => chunk.id),
  );
  const unknown = fresh.filter((_, at) => !known[at]);
  if (unknown.length === 0) return placed;
  const places = await blobs.append(
    tenantId,
    unknown.map((chunk) => chunk.bytes),
  );
  unknown.forEach((chunk, at) => {
    placed.set(textOf(chunk.id), places[at]!);
  });
  return placed;
}

async function finishDocument(
  { store, blobs, hashes, limits }: Parts & { limits: DocumentLimits },
  scope: DeviceScope,
  finish: Finish,
): Promise<FinishAnswer> {
  const before = await store.receipt(scope, finish.uploadId);
  if (before) return sameDocument(before, finish) ? { receipt: before } : { mismatch: true };

  const recorded = await store.openEntries(scope, finish.uploadId);
  const gaps = gapsIn(recorded, finish.chunks);
  if (gaps.length > 0) return { missing: gaps };

  const key = keyOf(scope, finish.uploadId);
  const read = await readBack({ store, blobs, limits }, scope.tenantId, recorded, (ids) =>
    hashes.prefix(key, ids),
  );
  if ('missing' in read) return read;
  const length = recorded.reduce((sum, entry) => sum + entry.length, 0);
  if (
    recorded.length !== finish.chunks ||
    length !== finish.lengthBytes ||
    !equal(read.sha256, finish.sha256)
  ) {
    hashes.forget(key);
    await store.dropDocument(scope, finish.uploadId);
    return { mismatch: true };
  }
  const receipt = await store.finishVersion(scope, {
    uploadId: finish.uploadId,
    lengthBytes: finish.lengthBytes,
    sha256: finish.sha256,
    entries: recorded,
  });
  hashes.forget(key);
  return { receipt };
}

/** The hash over all entries. Chunks whose bytes are lost or rotten are condemned and answered as missing. */
async function readBack(
  { store, blobs, limits }: { store: CloudStore; blobs: BlobStore; limits: DocumentLimits },
  tenantId: string,
  entries: readonly ManifestEntry[],
  prefixOf: (ids: readonly Uint8Array[]) => Prefix,
): Promise<{ sha256: Uint8Array } | { missing: number[] }> {
  const { next, content } = prefixOf(entries.map((entry) => entry.id));
  const missing: number[] = [];
  const condemned: Uint8Array[] = [];
  for (let at = 0; at < entries.length; at += limits.readBackChunks) {
    const page = entries.slice(at, at + limits.readBackChunks);
    const places = await store.findChunks(
      tenantId,
      page.map((entry) => entry.id),
    );
    const bytes = await Promise.all(
      page.map((entry, i) =>
        at + i < next || !places[i] ? undefined : readWhole(blobs, tenantId, entry, places[i]),
      ),
    );
    page.forEach((entry, i) => {
      const whole = bytes[i];
      if (places[i] && whole === null) condemned.push(entry.id);
      if (!places[i] || whole === null) missing.push(entry.index);
      else if (whole) content.update(whole);
    });
  }
  if (condemned.length > 0) await store.condemnChunks(tenantId, condemned);
  return missing.length > 0 ? { missing } : { sha256: content.digest() };
}

/** The chunk's bytes, or null when they are not what the id says. */
async function readWhole(
  blobs: BlobStore,
  tenantId: string,
  entry: ManifestEntry,
  place: ChunkPlace,
): Promise<Uint8Array | null> {
  try {
    const bytes = await blobs.read(tenantId, place);
    return equal(sha256(bytes), entry.id) ? bytes : null;
  } catch (error) {
    if (codeOf(error) === 'TENDER_BLOB_MISSING') return null;
    throw error;
  }
}

function sameDocument(receipt: Receipt, finish: Finish): boolean {
  return receipt.lengthBytes === finish.lengthBytes && equal(receipt.sha256, finish.sha256);
}

/** Indexes below `chunks` that were never recorded. Entries are ascending by index. */
function gapsIn(entries: readonly ManifestEntry[], chunks: number): number[] {
  const gaps: number[] = [];
  let at = 0;
  for (let index = 0; index < chunks; index += 1) {
    if (entries[at]?.index === index) at += 1;
    else gaps.push(index);
  }
  return gaps;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
