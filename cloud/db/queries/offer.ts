// A document is offered: what is known of it, or room for it.
import { nameToBytes } from '../../contract/name.ts';
import type { DeviceScope, Offer, OfferAnswer } from '../../ports.ts';
import { type Ask, question } from '../database.ts';
import { entriesOf } from './open-manifest.ts';
import { findReceipt } from './receipt.ts';

const isOpen = question<{ upload_id: string }>(
  'offer-is-open',
  'select upload_id from tender.open_upload where device_id = $1 and upload_id = $2',
);
const isStored = question<{ upload_id: string }>(
  'offer-is-stored',
  `select v.upload_id from tender.document d join tender.version v using (document_id)
   where d.device_id = $1 and sha256(d.name) = sha256($2) and d.name = $2 and v.version = $3`,
);
/** Left by an older session: its log is gone, or would have used the same upload id. */
const dropOlder = question(
  'offer-drop-older',
  `delete from tender.open_upload
   where device_id = $1 and sha256(name) = sha256($2) and version = $3 and epoch < $4`,
);
const insert = question<{ upload_id: string }>(
  'offer-insert',
  `insert into tender.open_upload (device_id, upload_id, tenant_id, name, version, priority, modified_ms, epoch)
   values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning upload_id`,
);

export async function offerDocument(ask: Ask, scope: DeviceScope, offer: Offer): Promise<OfferAnswer> {
  const known = await findKnown(ask, scope, offer.uploadId);
  if (known) return known;
  const name = Buffer.from(nameToBytes(offer.name));
  const [stored] = await ask(isStored, [scope.deviceId, name, offer.version]);
  if (stored) return { state: 'conflict' };
  await ask(dropOlder, [scope.deviceId, name, offer.version, scope.epoch]);
  const [inserted] = await ask(insert, [
    scope.deviceId,
    offer.uploadId,
    scope.tenantId,
    name,
    offer.version,
    offer.priority,
    Math.round(offer.modifiedMs),
    scope.epoch,
  ]);
  if (inserted) return { state: 'open', entries: [] };
  // Somebody holds the place: the same offer over another lane, or another upload of this version.
  return (await findKnown(ask, scope, offer.uploadId)) ?? { state: 'conflict' };
}

async function findKnown(ask: Ask, scope: DeviceScope, uploadId: string): Promise<OfferAnswer | undefined> {
  const receipt = await findReceipt(ask, scope, uploadId);
  if (receipt) return { state: 'finished', receipt };
  const [open] = await ask(isOpen, [scope.deviceId, uploadId]);
  return open && { state: 'open', entries: await entriesOf(ask, scope, uploadId) };
}
