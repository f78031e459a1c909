// Word to the yachts: numbered per device under the counter's row lock, because a sequence skips numbers when a
// transaction fails and shows them out of order when one is slow.
import type { DeviceScope, Notice } from '../../ports.ts';
import { type Ask, question } from '../database.ts';

interface Row {
  readonly sequence: number;
  readonly upload_id: string;
  readonly document_id: string;
  readonly version: number;
  readonly kind: Notice['kind'];
  readonly passages: number;
  readonly reason: string;
  readonly at_ms: number;
}

const after = question<Row>(
  'notices-after',
  `select sequence, upload_id, document_id, version, kind, passages, reason, at_ms from tender.notice
   where device_id = $1 and sequence > $2 order by sequence limit $3`,
);
/** Never above what was sent, never back. */
const acknowledge = question<{ acknowledged: number }>(
  'notices-acknowledge',
  `update tender.notice_counter set acknowledged = least($2, last)
   where device_id = $1 and acknowledged < least($2, last) returning acknowledged`,
);
const forget = question(
  'notices-forget',
  'delete from tender.notice where device_id = $1 and sequence <= $2',
);
/** The counter's row stays locked until the commit: the next notice waits, so order of numbers is order of commits. */
const add = question(
  'notices-add',
  `with counter as (
     update tender.notice_counter set last = last + 1 where device_id = $1 returning last, tenant_id
   )
   insert into tender.notice (device_id, sequence, tenant_id, upload_id, document_id, version, kind, passages, reason)
   select $1, last, tenant_id, $2, $3, $4, $5, $6, $7 from counter
   returning pg_notify('tender_notice', device_id::text)`,
);

export async function noticesAfter(
  ask: Ask,
  scope: DeviceScope,
  cursor: number,
  limit: number,
): Promise<Notice[]> {
  const rows = await ask(after, [scope.deviceId, cursor, limit]);
  return rows.map((row) => ({
    sequence: row.sequence,
    uploadId: row.upload_id,
    documentId: row.document_id,
    version: row.version,
    kind: row.kind,
    passages: row.passages,
    reason: row.reason,
    atMs: row.at_ms,
  }));
}

export async function acknowledgeNotices(ask: Ask, scope: DeviceScope, cursor: number): Promise<void> {
  const [changed] = await ask(acknowledge, [scope.deviceId, cursor]);
  if (changed) await ask(forget, [scope.deviceId, changed.acknowledged]);
}

export async function addNotice(
  ask: Ask,
  deviceId: string,
  notice: Pick<Notice, 'uploadId' | 'documentId' | 'version' | 'kind' | 'passages' | 'reason'>,
): Promise<void> {
  const { uploadId, documentId, version, kind, passages, reason } = notice;
  await ask(add, [deviceId, uploadId, documentId, version, kind, passages, reason]);
}
