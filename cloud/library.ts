// What the shore asks about documents: search, details, content, upload status, quarantine, health. Reads only, all of
// one tenant. Served by cloud/api/routes; implemented on PostgreSQL by cloud/db/postgres-library.ts.
import type { Name } from './contract/name.ts';
import type { ChunkPlace, ManifestEntry } from './ports.ts';

export type IndexState =
  /** Stored, its job is queued. */
  | 'waiting'
  /** A worker has it. */
  | 'indexing'
  | 'indexed'
  /** Will not be tried again by itself: quarantined, with code and reason. */
  | 'failed';

export interface VersionDetails {
  readonly version: number;
  readonly uploadId: string;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly storedMs: number;
  readonly modifiedMs: number;
  readonly index: {
    readonly state: IndexState;
    readonly attempt: number;
    readonly passages: number;
    /** Stable code of the last failure, '' when there is none. */
    readonly code: string;
    /** Why there are no passages or why it failed, '' otherwise. */
    readonly reason: string;
    readonly indexedMs: number | null;
  };
}

export interface DocumentDetails {
  readonly documentId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly name: Name;
  /** The head: the highest version stored. */
  readonly head: VersionDetails;
}

export interface SearchHit {
  readonly documentId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly name: Name;
  /** The version the passage is of: the newest indexed one, which may be older than the head. */
  readonly version: number;
  readonly storedMs: number;
  readonly rank: number;
  /** What matched: words of a passage, or of the file name. */
  readonly matched: 'text' | 'name';
  /**
   * The best passage (or the name) as pieces of plain text: every second piece, the odd ones, is a match. Pieces, not
   * HTML: whoever shows them escapes them.
   */
  readonly snippet: readonly string[];
}

export interface SearchPage {
  readonly hits: readonly SearchHit[];
  /** For the next page; null at the end. */
  readonly next: string | null;
}

/** An upload seen from ashore, open or finished. */
export type UploadStatus =
  | {
      readonly state: 'open';
      readonly uploadId: string;
      readonly deviceId: string;
      readonly name: Name;
      readonly version: number;
      /** Bytes of the entries recorded so far; the whole length is not known before the finish. */
      readonly durableBytes: number;
      readonly chunks: number;
      readonly openedMs: number;
      readonly touchedMs: number;
    }
  | {
      readonly state: 'stored';
      readonly uploadId: string;
      readonly deviceId: string;
      readonly name: Name;
      readonly documentId: string;
      readonly details: VersionDetails;
    };

/** A version's bytes: `places` come in order, page by page, and together are exactly `lengthBytes` long. */
export interface Content {
  readonly documentId: string;
  readonly version: number;
  readonly name: Name;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly entries: readonly ManifestEntry[];
  places(): AsyncIterable<ChunkPlace>;
}

export interface Quarantined {
  readonly documentId: string;
  readonly deviceId: string;
  readonly name: Name;
  readonly version: number;
  readonly attempt: number;
  readonly code: string;
  readonly reason: string;
  readonly failedMs: number;
}

/** Counts over all tenants, for health and metrics: they name nobody. */
export interface Counts {
  /** Jobs that wait or run. */
  readonly jobsQueued: number;
  /** Age of the oldest job that is due, ms. */
  readonly jobsOldestMs: number;
  /** Jobs locked by a worker. */
  readonly jobsRunning: number;
  readonly uploadsOpen: number;
  readonly versionsWaiting: number;
  readonly versionsFailed: number;
}

export interface Library {
  /**
   * Words as people type them ("quoted phrase", -without, or). Matches text and file names of the newest indexed
   * version. Best first. TENDER_CURSOR_INVALID for a cursor that is not ours.
   */
  search(
    tenantId: string,
    query: { readonly text: string; readonly limit: number; readonly cursor?: string },
  ): Promise<SearchPage>;
  /** All documents, newest first. */
  documents(
    tenantId: string,
    query: { readonly limit: number; readonly cursor?: string },
  ): Promise<{ readonly documents: readonly DocumentDetails[]; readonly next: string | null }>;
  document(tenantId: string, documentId: string): Promise<DocumentDetails | undefined>;
  /** Newest first. */
  versions(tenantId: string, documentId: string, limit: number): Promise<readonly VersionDetails[]>;
  /** Without a version: the head. */
  content(tenantId: string, documentId: string, version?: number): Promise<Content | undefined>;
  /** `deviceId` narrows it to one yacht's own uploads. */
  upload(tenantId: string, uploadId: string, deviceId?: string): Promise<UploadStatus | undefined>;
  quarantine(tenantId: string, limit: number): Promise<readonly Quarantined[]>;
  /** Puts a failed version back into the queue; false when it is not failed. */
  retryIndexing(tenantId: string, documentId: string, version: number): Promise<boolean>;
  counts(): Promise<Counts>;
  /** Resolves when the database answers; rejects with TENDER_STORE_UNAVAILABLE. */
  ping(): Promise<void>;
}
