// Who a device is, and which of its sessions counts.
import { decideSession } from '../../decide/session-rule.ts';
import type { Device, SessionClaim, SessionGrant } from '../../ports.ts';
import { type Ask, question } from '../database.ts';

interface Row {
  readonly device_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly public_key: Buffer;
  readonly revoked: boolean;
}

interface SessionColumns extends Row {
  readonly epoch: number;
  readonly log_id: string | null;
  readonly boot: number;
  readonly session_id: string;
  readonly retired: boolean;
}

/** Narrow: tells the tenant of one device, nothing else. Asked outside a tenant. */
export const tenantOfDevice = question<{ tenant_id: string | null }>(
  'tenant-of-device',
  'select tender.tenant_of_device($1) as tenant_id',
);

const byId = question<Row>(
  'device',
  'select device_id, tenant_id, name, public_key, revoked from tender.device where device_id = $1',
);
const forSession = question<SessionColumns>(
  'device-for-session',
  `select d.*, exists (
     select from tender.device_log l where l.device_id = d.device_id and l.log_id = $2
   ) as retired
   from tender.device d where d.device_id = $1 for update of d`,
);
const retireLog = question(
  'device-retire-log',
  'insert into tender.device_log (device_id, log_id, tenant_id) values ($1, $2, $3) on conflict do nothing',
);
const startSession = question(
  'device-start-session',
  `update tender.device set epoch = $2, log_id = $3, boot = $4, session_id = $5 where device_id = $1
   returning pg_notify('tender_device', device_id::text)`,
);

export async function findDevice(ask: Ask, deviceId: string): Promise<Device | undefined> {
  const [row] = await ask(byId, [deviceId]);
  return row && deviceOf(row);
}

/** undefined: no such device. Whoever loses the race for the row's lock decides on what the winner wrote. */
export async function beginSession(
  ask: Ask,
  deviceId: string,
  claim: SessionClaim,
): Promise<SessionGrant | undefined> {
  const [row] = await ask(forSession, [deviceId, claim.logId]);
  if (!row) return undefined;
  const log = row.log_id === null ? null : { logId: row.log_id, boot: row.boot, sessionId: row.session_id };
  const { grant, changes } = decideSession(
    { revoked: row.revoked, epoch: row.epoch, log },
    claim,
    row.retired,
  );
  if (grant.granted && changes) {
    if (grant.takeover && log) await ask(retireLog, [deviceId, log.logId, row.tenant_id]);
    await ask(startSession, [deviceId, grant.epoch, claim.logId, claim.boot, claim.sessionId]);
  }
  return grant;
}

export function deviceOf(row: Row): Device {
  return {
    deviceId: row.device_id,
    tenantId: row.tenant_id,
    name: row.name,
    publicKey: row.public_key,
    revoked: row.revoked,
  };
}
