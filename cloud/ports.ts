// What the cloud's decisions stand on. Memory and real implementations pass the same contract suites
// (test/contracts/), so a voyage in the simulator runs the true decisions.
import type { Name } from './contract/name.ts';

/** Time ashore. The database has its own clock for what it stamps; this one is for decisions. */
export interface Clock {
  wallMs(): number;
  monotonicMs(): number;
  after(delayMs: number, run: () => void): () => void;
}

export interface Random {
  bytes(count: number): Uint8Array;
  unit(): number;
}

// ---------------------------------------------------------------- blobs

/** Where a chunk's bytes lie: `length` bytes from `offset` in one append-only segment. */
export interface ChunkPlace {
  readonly segment: string;
  readonly offset: number;
  readonly length: number;
}

export interface BlobStore {
  /** Appends chunks of one tenant. Resolves when all are durable (one fdatasync may cover many callers). */
  append(tenantId: string, chunks: readonly Uint8Array[]): Promise<readonly ChunkPlace[]>;
  /** The exact bytes, or rejects (TENDER_BLOB_MISSING). No room: append rejects with TENDER_BLOB_STORE_FULL. */
  read(tenantId: string, place: ChunkPlace): Promise<Uint8Array>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------- rows

/** Who acts: taken from the device's key, never from a message. `epoch` fences older sessions in every transaction. */
export interface DeviceScope {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly epoch: number;
}

export interface Device {
  readonly deviceId: string;
  readonly tenantId: string;
  readonly name: string;
  /** Ed25519, 32 raw bytes. */
  readonly publicKey: Uint8Array;
  readonly revoked: boolean;
}

/** What a connecting agent says of itself. `boot` counts up in its log before it may connect. */
export interface SessionClaim {
  readonly logId: string;
  readonly boot: number;
  readonly sessionId: string;
}

/**
 * The answer to a claim. Same session: same epoch. Newer boot of the same log, or a log never seen (a takeover):
 * epoch + 1, and every older session is fenced. Older boot, equal boot with another session (a clone), or a log that
 * was taken over before: refused.
 */
export type SessionGrant =
  | { readonly granted: true; readonly epoch: number; readonly takeover: boolean }
  | {
      readonly granted: false;
      readonly code: 'TENDER_DEVICE_CLONED' | 'TENDER_LOG_RETIRED' | 'TENDER_DEVICE_REVOKED';
    };

/** An upload as offered: `uploadId` (ULID text) is minted aboard and is the idempotency key of the whole document. */
export interface Offer {
  readonly uploadId: string;
  readonly name: Name;
  /** n of (device, name): assigned aboard in the log, 1, 2, 3 … */
  readonly version: number;
  readonly priority: number;
  /** Source's modification time, ms since 1970; a hint for people. */
  readonly modifiedMs: number;
}

/** So many entries of a manifest, from there on. */
export interface EntryRange {
  readonly first: number;
  readonly count: number;
}

/** One chunk of a document's open manifest: `id` is its SHA-256. */
export interface ManifestEntry {
  readonly index: number;
  readonly id: Uint8Array;
  readonly length: number;
}

export interface Receipt {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly uploadId: string;
  readonly documentId: string;
  readonly version: number;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly storedMs: number;
}

export type OfferAnswer =
  /** Nothing known yet, or a part: the entries whose rows are durable, ascending by index. */
  | { readonly state: 'open'; readonly entries: readonly ManifestEntry[] }
  /** Finished before: the same receipt again. */
  | { readonly state: 'finished'; readonly receipt: Receipt }
  /** (device, name, version) belongs to another upload id: the yacht's log and ours disagree. */
  | { readonly state: 'conflict' };

/** A document whose bytes are ashore in one chunk (or none, when it is empty), to be offered and finished at once. */
export interface WholeVersion {
  readonly offer: Offer;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  /** Its chunk is this document's SHA-256; where it was put, if it was not ashore before. */
  readonly place?: ChunkPlace;
}

export type WholeAnswer =
  /** Stored now, or before: the same receipt again. */
  | { readonly state: 'finished'; readonly receipt: Receipt }
  | { readonly state: 'conflict' }
  /** Its chunk is not ashore any more: append it and ask again. */
  | { readonly state: 'missing' };

export interface Notice {
  /** Per device, 1, 2, 3 … without gaps. */
  readonly sequence: number;
  readonly uploadId: string;
  readonly documentId: string;
  readonly version: number;
  readonly kind: 'indexed' | 'index-failed';
  readonly passages: number;
  /** Why there are no passages, or why indexing failed; empty otherwise. */
  readonly reason: string;
  readonly atMs: number;
}

export interface IndexWork {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly documentId: string;
  readonly uploadId: string;
  readonly version: number;
  readonly name: Name;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly entries: readonly ManifestEntry[];
  /** Raised each time a worker takes the version up; results of an older attempt change nothing. */
  readonly attempt: number;
}

/**
 * The cloud's rows, one method per transaction. Every method with a scope reads and writes only that tenant's rows, and
 * one with an epoch rejects with TENDER_SESSION_FENCED when a newer session exists, TENDER_DEVICE_REVOKED when the device
 * was revoked. Unavailable database: rejects with TENDER_STORE_UNAVAILABLE (class BUSY); asking again is always safe.
 * Rejections are CloudError (cloud-error.ts).
 */
export interface CloudStore {
  device(deviceId: string): Promise<Device | undefined>;
  beginSession(deviceId: string, claim: SessionClaim): Promise<SessionGrant>;

  offerDocument(scope: DeviceScope, offer: Offer): Promise<OfferAnswer>;
  /** Places of those chunks the tenant holds, by position; undefined where unknown. */
  findChunks(tenantId: string, ids: readonly Uint8Array[]): Promise<readonly (ChunkPlace | undefined)[]>;
  /**
   * Makes chunks part of an open document. Entries whose bytes were just appended carry their place; entries that refer
   * to a chunk ashore carry none. Answers the indexes whose chunk is unknown (nothing of those is recorded). An index
   * recorded twice counts as recorded last; for a finished upload nothing is recorded and nothing is missing.
   */
  recordChunks(
    scope: DeviceScope,
    uploadId: string,
    entries: readonly (ManifestEntry & { readonly place?: ChunkPlace })[],
  ): Promise<{ readonly missing: readonly number[] }>;
  /**
   * Forgets where these chunks lie, because their bytes are gone or no longer match their id: the next yacht that holds
   * them is asked to send them again, which heals every version made of them.
   */
  condemnChunks(tenantId: string, ids: readonly Uint8Array[]): Promise<void>;
  /** The receipt of a finished upload of this device; undefined while it is open or unknown. */
  receipt(scope: DeviceScope, uploadId: string): Promise<Receipt | undefined>;
  /** The open document's entries recorded so far, ascending by index. Unknown upload: TENDER_UPLOAD_UNKNOWN. */
  openEntries(scope: DeviceScope, uploadId: string): Promise<readonly ManifestEntry[]>;
  /** Version row + head + job in one transaction. Called again: the same receipt. */
  finishVersion(
    scope: DeviceScope,
    finish: {
      readonly uploadId: string;
      readonly lengthBytes: number;
      readonly sha256: Uint8Array;
      readonly entries: readonly ManifestEntry[];
    },
  ): Promise<Receipt>;
  /** Offer, chunk, version, head and job of many small documents in one transaction; answers by position. */
  storeWhole(scope: DeviceScope, versions: readonly WholeVersion[]): Promise<readonly WholeAnswer[]>;
  /**
   * The manifest of a version of this device's document of that name, or of it what lies in `range`: fewer beyond its end.
   * Undefined when it is not ashore.
   */
  versionEntries(
    scope: DeviceScope,
    name: Name,
    version: number,
    range?: EntryRange,
  ): Promise<readonly ManifestEntry[] | undefined>;
  /** Forgets an open document that the yacht gave up (its chunks stay until collected). */
  dropDocument(scope: DeviceScope, uploadId: string): Promise<void>;
  /** What this device has ashore, by name bytes: for a yacht that rebuilds its log. */
  inventory(
    scope: DeviceScope,
    after: Name | null,
    limit: number,
  ): Promise<
    readonly {
      readonly name: Name;
      readonly version: number;
      readonly uploadId: string;
      readonly lengthBytes: number;
      readonly sha256: Uint8Array;
      readonly indexed: boolean;
    }[]
  >;

  noticesAfter(scope: DeviceScope, cursor: number, limit: number): Promise<readonly Notice[]>;
  acknowledgeNotices(scope: DeviceScope, cursor: number): Promise<void>;

  /** Takes a version up for indexing (attempt + 1); undefined when it is gone or already indexed. */
  takeIndexWork(documentId: string, version: number): Promise<IndexWork | undefined>;
  /** Passages + status + notice (per-device counter under the row lock) in one transaction; false when fenced. */
  recordIndexed(
    work: IndexWork,
    result: { readonly passages: readonly string[]; readonly reason: string },
  ): Promise<boolean>;
  recordIndexFailed(
    work: IndexWork,
    failure: { readonly code: string; readonly reason: string },
  ): Promise<boolean>;
}

/**
 * Hints that rows changed, from this process or another. Never the truth: a hint may be missed (ask again at every
 * connect and every few seconds) or come for nothing.
 */
export interface Wakes {
  /** New notices of this device. The answer ends the watch. */
  onNotice(run: (deviceId: string) => void): () => void;
  /** A newer session of this device began, or it was revoked. */
  onDevice(run: (deviceId: string) => void): () => void;
}
