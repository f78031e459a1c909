// A worker takes a version up and reports. Each taking raises the attempt; a report counts only for the newest attempt of
// a version still under way, so a worker that was believed dead changes nothing.
import { nameFromBytes } from '../../contract/name.ts';
import type { IndexWork } from '../../ports.ts';
import { type Ask, question } from '../database.ts';
import { unpackManifest } from '../manifest.ts';
import { addNotice } from './notices.ts';

interface Row {
  readonly tenant_id: string;
  readonly device_id: string;
  readonly upload_id: string;
  readonly name: Buffer;
  readonly length_bytes: number;
  readonly sha256: Buffer;
  readonly manifest: Buffer;
  readonly attempt: number;
}

/** Narrow: tells the tenant of one document, nothing else. Asked outside a tenant: a job's payload is ids only. */
export const tenantOfDocument = question<{ tenant_id: string | null }>(
  'tenant-of-document',
  'select tender.tenant_of_document($1) as tenant_id',
);

const take = question<Row>(
  'indexing-take',
  `update tender.version v set state = 'indexing', attempt = attempt + 1
   from tender.document d
   where v.document_id = $1 and v.version = $2 and v.state in ('waiting', 'indexing')
     and d.document_id = v.document_id
   returning v.tenant_id, v.device_id, v.upload_id, d.name, v.length_bytes, v.sha256, v.manifest, v.attempt`,
);
const settle = question<{ version: number }>(
  'indexing-settle',
  `update tender.version set state = $4, passages = $5, code = $6, reason = $7, indexed_ms = tender.now_ms()
   where document_id = $1 and version = $2 and attempt = $3 and state = 'indexing' returning version`,
);
/** Search shows the newest indexed version only; a late older one changes nothing there. */
const moveSearch = question<{ document_id: string }>(
  'indexing-move-search',
  `update tender.document set indexed_head = $2 where document_id = $1 and indexed_head < $2 returning document_id`,
);
const forgetPassages = question(
  'indexing-forget-passages',
  'delete from tender.passage where document_id = $1',
);
const addPassages = question(
  'indexing-add-passages',
  `insert into tender.passage (document_id, ordinal, tenant_id, text)
   select $1, p.ordinal, tender.tenant_id(), p.text from unnest($2::text[]) with ordinality p (text, ordinal)`,
);

export async function takeIndexWork(
  ask: Ask,
  documentId: string,
  version: number,
): Promise<IndexWork | undefined> {
  const [row] = await ask(take, [documentId, version]);
  return (
    row && {
      tenantId: row.tenant_id,
      deviceId: row.device_id,
      documentId,
      uploadId: row.upload_id,
      version,
      name: nameFromBytes(row.name),
      lengthBytes: row.length_bytes,
      sha256: row.sha256,
      entries: unpackManifest(row.manifest),
      attempt: row.attempt,
    }
  );
}

export async function recordIndexed(
  ask: Ask,
  work: IndexWork,
  result: { readonly passages: readonly string[]; readonly reason: string },
): Promise<boolean> {
  const { documentId, version, attempt, uploadId, deviceId } = work;
  const passages = result.passages.length;
  const outcome = [documentId, version, attempt, 'indexed', passages, '', plain(result.reason)];
  const [settled] = await ask(settle, outcome);
  if (!settled) return false;
  const [moved] = await ask(moveSearch, [documentId, version]);
  if (moved) {
    await ask(forgetPassages, [documentId]);
    await ask(addPassages, [documentId, result.passages.map(plain)]);
  }
  const reason = plain(result.reason);
  await addNotice(ask, deviceId, { uploadId, documentId, version, kind: 'indexed', passages, reason });
  return true;
}

export async function recordIndexFailed(
  ask: Ask,
  work: IndexWork,
  failure: { readonly code: string; readonly reason: string },
): Promise<boolean> {
  const { documentId, version, attempt, uploadId, deviceId } = work;
  const reason = plain(failure.reason);
  const [settled] = await ask(settle, [documentId, version, attempt, 'failed', 0, failure.code, reason]);
  if (!settled) return false;
  await addNotice(ask, deviceId, {
    uploadId,
    documentId,
    version,
    kind: 'index-failed',
    passages: 0,
    reason,
  });
  return true;
}

/** PostgreSQL's text cannot hold NUL. */
function plain(text: string): string {
  return text.replaceAll('\0', '');
}
