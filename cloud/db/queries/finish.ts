// A document is complete: its version, its head and its indexing job come to be together or not at all.
import { CloudError } from '../../cloud-error.ts';
import { nameForPeople, nameFromBytes } from '../../contract/name.ts';
import type { DeviceScope, ManifestEntry, Receipt } from '../../ports.ts';
import { type Ask, question } from '../database.ts';
import { packManifest } from '../manifest.ts';
import { findReceipt } from './receipt.ts';

interface OpenRow {
  readonly name: Buffer;
  readonly version: number;
  readonly priority: number;
  readonly modified_ms: number;
}

const takeOpen = question<OpenRow>(
  'finish-take-open',
  `delete from tender.open_upload where device_id = $1 and upload_id = $2
   returning name, version, priority, modified_ms`,
);
const raiseHead = question<{ document_id: string }>(
  'finish-raise-head',
  `insert into tender.document (document_id, tenant_id, device_id, name, name_text, head, stored_ms)
   values (gen_random_uuid(), $1, $2, $3, $4, $5, tender.now_ms())
   on conflict (device_id, sha256(name)) do update set
     stored_ms = case when excluded.head > document.head then excluded.stored_ms else document.stored_ms end,
     head = greatest(document.head, excluded.head)
   returning document_id`,
);
const addVersion = question<{ version: number }>(
  'finish-add-version',
  `insert into tender.version (document_id, version, tenant_id, device_id, upload_id, length_bytes, sha256, manifest,
     priority, modified_ms, stored_ms)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, tender.now_ms())
   on conflict (document_id, version) do nothing returning version`,
);
const addJob = question('finish-add-job', 'select tender.add_index_job($1, $2)');

export interface FinishedUpload {
  readonly uploadId: string;
  readonly lengthBytes: number;
  readonly sha256: Uint8Array;
  readonly entries: readonly ManifestEntry[];
}

/** Taking the open row decides between two finishes of one upload: the second finds the first one's version. */
export async function finishVersion(ask: Ask, scope: DeviceScope, finish: FinishedUpload): Promise<Receipt> {
  const [open] = await ask(takeOpen, [scope.deviceId, finish.uploadId]);
  if (open) await store(ask, scope, finish, open);
  const receipt = await findReceipt(ask, scope, finish.uploadId);
  if (!receipt) throw new CloudError('TENDER_UPLOAD_UNKNOWN');
  return receipt;
}

async function store(ask: Ask, scope: DeviceScope, finish: FinishedUpload, open: OpenRow): Promise<void> {
  const nameText = nameForPeople(nameFromBytes(open.name));
  const [document] = await ask(raiseHead, [
    scope.tenantId,
    scope.deviceId,
    open.name,
    nameText,
    open.version,
  ]);
  const [added] = await ask(addVersion, [
    document!.document_id,
    open.version,
    scope.tenantId,
    scope.deviceId,
    finish.uploadId,
    finish.lengthBytes,
    Buffer.from(finish.sha256),
    packManifest(finish.entries),
    open.priority,
    open.modified_ms,
  ]);
  if (!added) throw new CloudError('TENDER_VERSION_CONFLICT');
  await ask(addJob, [document!.document_id, open.version]);
}
