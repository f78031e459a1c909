// Documents as the shore lists and shows them: head version with the state of its indexing.
import { CloudError } from '../../cloud-error.ts';
import { nameFromBytes } from '../../contract/name.ts';
import type { Content, DocumentDetails, IndexState, Quarantined, VersionDetails } from '../../library.ts';
import { type Ask, question } from '../database.ts';
import { unpackManifest } from '../manifest.ts';

export interface VersionRow {
  readonly version: number;
  readonly upload_id: string;
  readonly length_bytes: number;
  readonly sha256: Buffer;
  readonly stored_ms: number;
  readonly modified_ms: number;
  readonly state: IndexState;
  readonly attempt: number;
  readonly passages: number;
  readonly code: string;
  readonly reason: string;
  readonly indexed_ms: number | null;
}

interface DocumentRow extends VersionRow {
  readonly document_id: string;
  readonly device_id: string;
  readonly device_name: string;
  readonly name: Buffer;
  readonly document_stored_ms: number;
}

export const versionColumns = `v.version, v.upload_id, v.length_bytes, v.sha256, v.stored_ms, v.modified_ms, v.state,
  v.attempt, v.passages, v.code, v.reason, v.indexed_ms`;
const documentColumns = `d.document_id, d.device_id, y.name as device_name, d.name,
  d.stored_ms as document_stored_ms, ${versionColumns}`;
const documentTables = `tender.document d
  join tender.version v on v.document_id = d.document_id and v.version = d.head
  join tender.device y on y.device_id = d.device_id`;

const one = question<DocumentRow>(
  'document',
  `select ${documentColumns} from ${documentTables} where d.document_id = $1`,
);
const newest = question<DocumentRow>(
  'documents-newest',
  `select ${documentColumns} from ${documentTables}
   where d.tenant_id = tender.tenant_id() and ($1::bigint is null or (d.stored_ms, d.document_id) < ($1, $2::uuid))
   order by d.stored_ms desc, d.document_id desc limit $3`,
);
const allVersions = question<VersionRow>(
  'document-versions',
  `select ${versionColumns} from tender.version v where v.document_id = $1 order by v.version desc limit $2`,
);
const contentOf = question<{
  readonly name: Buffer;
  readonly version: number;
  readonly length_bytes: number;
  readonly sha256: Buffer;
  readonly manifest: Buffer;
}>(
  'document-content',
  `select d.name, v.version, v.length_bytes, v.sha256, v.manifest
   from tender.document d join tender.version v on v.document_id = d.document_id
   where d.document_id = $1 and v.version = coalesce($2, d.head)`,
);
const failed = question<{
  readonly document_id: string;
  readonly device_id: string;
  readonly name: Buffer;
  readonly version: number;
  readonly attempt: number;
  readonly code: string;
  readonly reason: string;
  readonly indexed_ms: number;
}>(
  'documents-failed',
  `select d.document_id, d.device_id, d.name, v.version, v.attempt, v.code, v.reason, v.indexed_ms
   from tender.version v join tender.document d on d.document_id = v.document_id
   where v.state = 'failed' order by v.indexed_ms desc, d.document_id limit $1`,
);
const requeue = question<{ version: number }>(
  'version-requeue',
  `update tender.version set state = 'waiting', code = '', reason = ''
   where document_id = $1 and version = $2 and state = 'failed'
   returning version, tender.add_index_job(document_id, version)`,
);

export async function findDocument(ask: Ask, documentId: string): Promise<DocumentDetails | undefined> {
  const [row] = await ask(one, [documentId]);
  return row && documentOf(row);
}

export async function listDocuments(
  ask: Ask,
  query: { readonly limit: number; readonly cursor?: string },
): Promise<{ documents: DocumentDetails[]; next: string | null }> {
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const rows = await ask(newest, [after?.storedMs ?? null, after?.documentId ?? null, query.limit + 1]);
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  const next = rows.length > query.limit && last ? `${last.document_stored_ms}.${last.document_id}` : null;
  return { documents: shown.map(documentOf), next };
}

export async function listVersions(ask: Ask, documentId: string, limit: number): Promise<VersionDetails[]> {
  return (await ask(allVersions, [documentId, limit])).map(versionOf);
}

export async function findContent(
  ask: Ask,
  documentId: string,
  version: number | undefined,
): Promise<Omit<Content, 'places'> | undefined> {
  const [row] = await ask(contentOf, [documentId, version ?? null]);
  return (
    row && {
      documentId,
      version: row.version,
      name: nameFromBytes(row.name),
      lengthBytes: row.length_bytes,
      sha256: row.sha256,
      entries: unpackManifest(row.manifest),
    }
  );
}

export async function listFailed(ask: Ask, limit: number): Promise<Quarantined[]> {
  return (await ask(failed, [limit])).map((row) => ({
    documentId: row.document_id,
    deviceId: row.device_id,
    name: nameFromBytes(row.name),
    version: row.version,
    attempt: row.attempt,
    code: row.code,
    reason: row.reason,
    failedMs: row.indexed_ms,
  }));
}

export async function retryIndexing(ask: Ask, documentId: string, version: number): Promise<boolean> {
  return (await ask(requeue, [documentId, version])).length === 1;
}

export function versionOf(row: VersionRow): VersionDetails {
  return {
    version: row.version,
    uploadId: row.upload_id,
    lengthBytes: row.length_bytes,
    sha256: row.sha256,
    storedMs: row.stored_ms,
    modifiedMs: row.modified_ms,
    index: {
      state: row.state,
      attempt: row.attempt,
      passages: row.passages,
      code: row.code,
      reason: row.reason,
      indexedMs: row.indexed_ms,
    },
  };
}

function documentOf(row: DocumentRow): DocumentDetails {
  return {
    documentId: row.document_id,
    deviceId: row.device_id,
    deviceName: row.device_name,
    name: nameFromBytes(row.name),
    head: versionOf(row),
  };
}

function readCursor(text: string): { storedMs: number; documentId: string } {
  const found = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text);
  if (!found) throw new CloudError('TENDER_CURSOR_INVALID');
  return { storedMs: Number(found[1]), documentId: found[2]! };
}
