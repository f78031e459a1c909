// The manifest of a document on its way in: grows by a part with every durable batch.
import { CloudError } from '../../cloud-error.ts';
import type { ChunkPlace, DeviceScope, ManifestEntry } from '../../ports.ts';
import { type Ask, question } from '../database.ts';
import { mergeParts, packPart } from '../manifest.ts';
import { addChunks, knownLengths } from './chunks.ts';
import { findReceipt } from './receipt.ts';

const parts = question<{ entries: Buffer }>(
  'open-parts',
  'select entries from tender.open_part where device_id = $1 and upload_id = $2 order by part',
);
const exists = question<{ upload_id: string }>(
  'open-exists',
  'select upload_id from tender.open_upload where device_id = $1 and upload_id = $2',
);
/** Takes the upload's row, so that a finish on another lane sees this part whole or not at all. */
const addPart = question<{ part: number }>(
  'open-add-part',
  `with upload as (
     update tender.open_upload set touched_ms = tender.now_ms()
     where device_id = $1 and upload_id = $2 returning device_id, upload_id, tenant_id
   )
   insert into tender.open_part (device_id, upload_id, tenant_id, entries)
   select device_id, upload_id, tenant_id, $3 from upload returning part`,
);
const drop = question('open-drop', 'delete from tender.open_upload where device_id = $1 and upload_id = $2');

export async function entriesOf(ask: Ask, scope: DeviceScope, uploadId: string): Promise<ManifestEntry[]> {
  const rows = await ask(parts, [scope.deviceId, uploadId]);
  return mergeParts(rows.map((row) => row.entries));
}

export async function openEntries(ask: Ask, scope: DeviceScope, uploadId: string): Promise<ManifestEntry[]> {
  const [open] = await ask(exists, [scope.deviceId, uploadId]);
  if (!open) throw new CloudError('TENDER_UPLOAD_UNKNOWN');
  return entriesOf(ask, scope, uploadId);
}

export async function recordChunks(
  ask: Ask,
  scope: DeviceScope,
  uploadId: string,
  entries: readonly (ManifestEntry & { readonly place?: ChunkPlace })[],
): Promise<{ missing: number[] }> {
  const placed = entries.flatMap(({ id, place }) => (place ? [{ id, place }] : []));
  const references = entries.filter((entry) => !entry.place);
  if (placed.length > 0) await addChunks(ask, scope.tenantId, placed);
  const lengths = references.length > 0 ? await knownLengths(ask, references) : [];
  const missing = new Set(
    references.filter((entry, at) => lengths[at] !== entry.length).map((entry) => entry.index),
  );
  const recorded = entries.filter((entry) => !missing.has(entry.index));
  const [part] = await ask(addPart, [scope.deviceId, uploadId, packPart(recorded)]);
  if (part) return { missing: [...missing] };
  if (await findReceipt(ask, scope, uploadId)) return { missing: [] };
  throw new CloudError('TENDER_UPLOAD_UNKNOWN');
}

export async function dropDocument(ask: Ask, scope: DeviceScope, uploadId: string): Promise<void> {
  await ask(drop, [scope.deviceId, uploadId]);
}
