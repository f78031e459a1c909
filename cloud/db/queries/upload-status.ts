// Where an upload stands, seen from ashore.
import { nameFromBytes } from '../../contract/name.ts';
import type { UploadStatus } from '../../library.ts';
import { type Ask, question } from '../database.ts';
import { mergeParts } from '../manifest.ts';
import { type VersionRow, versionColumns, versionOf } from './documents.ts';

const stored = question<
  VersionRow & { readonly document_id: string; readonly device_id: string; readonly name: Buffer }
>(
  'upload-stored',
  `select d.document_id, d.device_id, d.name, ${versionColumns}
   from tender.version v join tender.document d on d.document_id = v.document_id
   where v.tenant_id = tender.tenant_id() and v.upload_id = $1 and ($2::uuid is null or v.device_id = $2)
   order by v.stored_ms limit 1`,
);
const open = question<{
  readonly device_id: string;
  readonly name: Buffer;
  readonly version: number;
  readonly opened_ms: number;
  readonly touched_ms: number;
  readonly parts: Buffer[];
}>(
  'upload-open',
  `select u.device_id, u.name, u.version, u.opened_ms, u.touched_ms, array (
     select p.entries from tender.open_part p
     where p.device_id = u.device_id and p.upload_id = u.upload_id order by p.part
   ) as parts
   from tender.open_upload u
   where u.tenant_id = tender.tenant_id() and u.upload_id = $1 and ($2::uuid is null or u.device_id = $2)
   order by u.opened_ms limit 1`,
);

export async function uploadStatus(
  ask: Ask,
  uploadId: string,
  deviceId: string | undefined,
): Promise<UploadStatus | undefined> {
  const [done] = await ask(stored, [uploadId, deviceId ?? null]);
  if (done)
    return {
      state: 'stored',
      uploadId,
      deviceId: done.device_id,
      name: nameFromBytes(done.name),
      documentId: done.document_id,
      details: versionOf(done),
    };
  const [row] = await ask(open, [uploadId, deviceId ?? null]);
  if (!row) return undefined;
  const entries = mergeParts(row.parts);
  return {
    state: 'open',
    uploadId,
    deviceId: row.device_id,
    name: nameFromBytes(row.name),
    version: row.version,
    durableBytes: entries.reduce((sum, entry) => sum + entry.length, 0),
    chunks: entries.length,
    openedMs: row.opened_ms,
    touchedMs: row.touched_ms,
  };
}
