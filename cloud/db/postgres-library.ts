// Library on PostgreSQL: what the shore asks about documents. Ids that are no UUIDs find nothing, as unknown ones do.
import { CloudError } from '../cloud-error.ts';
import type { Library } from '../library.ts';
import type { ChunkPlace, ManifestEntry } from '../ports.ts';
import { isUuid } from '../uuid.ts';
import { type Database, question } from './database.ts';
import { findChunks } from './queries/chunks.ts';
import {
  findContent,
  findDocument,
  listDocuments,
  listFailed,
  listVersions,
  retryIndexing,
} from './queries/documents.ts';
import { search } from './queries/search.ts';
import { uploadStatus } from './queries/upload-status.ts';

/** Places are looked up this many at a time while content streams: about 64 KB of memory. */
const placePageChunks = 512;

const counts = question<{
  readonly queued: number;
  readonly oldest_ms: number;
  readonly running: number;
  readonly uploads_open: number;
  readonly versions_waiting: number;
  readonly versions_failed: number;
}>('counts', 'select * from tender.queue_counts(), tender.counts()');
const ping = question<{ one: number }>('ping', 'select 1 as one');

export function createPostgresLibrary(database: Database): Library {
  const { asTenant } = database;

  async function* placesOf(tenantId: string, entries: readonly ManifestEntry[]): AsyncIterable<ChunkPlace> {
    for (let at = 0; at < entries.length; at += placePageChunks) {
      const ids = entries.slice(at, at + placePageChunks).map((entry) => entry.id);
      for (const place of await asTenant(tenantId, (ask) => findChunks(ask, ids))) {
        if (!place) throw new CloudError('TENDER_BLOB_MISSING');
        yield place;
      }
    }
  }

  return {
    search: (tenantId, query) => asTenant(tenantId, (ask) => search(ask, query)),
    documents: (tenantId, query) => asTenant(tenantId, (ask) => listDocuments(ask, query)),
    async document(tenantId, documentId) {
      return isUuid(documentId) ? asTenant(tenantId, (ask) => findDocument(ask, documentId)) : undefined;
    },
    async versions(tenantId, documentId, limit) {
      return isUuid(documentId) ? asTenant(tenantId, (ask) => listVersions(ask, documentId, limit)) : [];
    },
    async content(tenantId, documentId, version) {
      if (!isUuid(documentId)) return undefined;
      const found = await asTenant(tenantId, (ask) => findContent(ask, documentId, version));
      return found && { ...found, places: () => placesOf(tenantId, found.entries) };
    },
    async upload(tenantId, uploadId, deviceId) {
      if (deviceId !== undefined && !isUuid(deviceId)) return undefined;
      return asTenant(tenantId, (ask) => uploadStatus(ask, uploadId, deviceId));
    },
    quarantine: (tenantId, limit) => asTenant(tenantId, (ask) => listFailed(ask, limit)),
    async retryIndexing(tenantId, documentId, version) {
      return isUuid(documentId) && asTenant(tenantId, (ask) => retryIndexing(ask, documentId, version));
    },
    async counts() {
      const [row] = await database.ask(counts, []);
      return {
        jobsQueued: row!.queued,
        jobsOldestMs: row!.oldest_ms,
        jobsRunning: row!.running,
        uploadsOpen: row!.uploads_open,
        versionsWaiting: row!.versions_waiting,
        versionsFailed: row!.versions_failed,
      };
    },
    async ping() {
      await database.ask(ping, []);
    },
  };
}
