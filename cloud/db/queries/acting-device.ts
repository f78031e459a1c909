// Is this session still the one that counts? First question of every transaction that acts for a device.
import { CloudError } from '../../cloud-error.ts';
import type { DeviceScope } from '../../ports.ts';
import { type Ask, question } from '../database.ts';

interface Row {
  readonly epoch: number;
  readonly revoked: boolean;
}

/** Shared, so that many batches run side by side; a newer session waits for them and then fences the rest. */
const locked = question<Row>(
  'acting-device-locked',
  'select epoch, revoked from tender.device where device_id = $1 for share',
);
const plain = question<Row>('acting-device', 'select epoch, revoked from tender.device where device_id = $1');

/** Rejects with TENDER_SESSION_FENCED, TENDER_DEVICE_REVOKED or TENDER_DEVICE_UNKNOWN. */
export async function requireActing(ask: Ask, scope: DeviceScope, purpose: 'read' | 'write'): Promise<void> {
  const [row] = await ask(purpose === 'write' ? locked : plain, [scope.deviceId]);
  if (!row) throw new CloudError('TENDER_DEVICE_UNKNOWN');
  if (row.revoked) throw new CloudError('TENDER_DEVICE_REVOKED');
  if (row.epoch !== scope.epoch) throw new CloudError('TENDER_SESSION_FENCED');
}
