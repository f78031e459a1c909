// The receipt of a finished upload, built from its row: asked for a thousand times, it is the same thousand times.
import type { DeviceScope, Receipt } from '../../ports.ts';
import { type Ask, question } from '../database.ts';

interface Row {
  readonly document_id: string;
  readonly version: number;
  readonly length_bytes: number;
  readonly sha256: Buffer;
  readonly stored_ms: number;
}

const byUpload = question<Row>(
  'receipt',
  `select document_id, version, length_bytes, sha256, stored_ms from tender.version
   where device_id = $1 and upload_id = $2`,
);

export async function findReceipt(
  ask: Ask,
  scope: DeviceScope,
  uploadId: string,
): Promise<Receipt | undefined> {
  const [row] = await ask(byUpload, [scope.deviceId, uploadId]);
  return (
    row && {
      tenantId: scope.tenantId,
      deviceId: scope.deviceId,
      uploadId,
      documentId: row.document_id,
      version: row.version,
      lengthBytes: row.length_bytes,
      sha256: row.sha256,
      storedMs: row.stored_ms,
    }
  );
}
