// One code makes one device: whoever takes the enrolment's row first.
import type { Device } from '../../ports.ts';
import type { Redemption } from '../../registry.ts';
import { type Ask, question } from '../database.ts';
import { findDevice } from './device.ts';

/** Narrow: tells the tenant of one code, nothing else. Asked outside a tenant. */
export const tenantOfCode = question<{ tenant_id: string | null }>(
  'tenant-of-code',
  'select tender.tenant_of_code($1) as tenant_id',
);

const take = question<{
  readonly enrolment_id: string;
  readonly tenant_id: string;
  readonly device_name: string;
  readonly device_id: string | null;
}>(
  'enrolment-take',
  `select enrolment_id, tenant_id, device_name, device_id from tender.enrolment
   where code_hash = $1 and expires_ms > $2 for update`,
);
const addDevice = question(
  'enrolment-add-device',
  `with device as (
     insert into tender.device (device_id, tenant_id, name, public_key) values ($1, $2, $3, $4)
     returning device_id, tenant_id
   )
   insert into tender.notice_counter (device_id, tenant_id) select device_id, tenant_id from device`,
);
const use = question('enrolment-use', 'update tender.enrolment set device_id = $2 where enrolment_id = $1');

export async function redeemEnrolment(ask: Ask, redemption: Redemption): Promise<Device | undefined> {
  const key = Buffer.from(redemption.publicKey);
  const [row] = await ask(take, [Buffer.from(redemption.codeHash), Math.round(redemption.nowMs)]);
  if (!row) return undefined;
  if (row.device_id !== null) {
    const winner = await findDevice(ask, row.device_id);
    return winner && key.equals(winner.publicKey) ? winner : undefined;
  }
  await ask(addDevice, [redemption.deviceId, row.tenant_id, row.device_name, key]);
  await ask(use, [row.enrolment_id, redemption.deviceId]);
  return findDevice(ask, redemption.deviceId);
}
