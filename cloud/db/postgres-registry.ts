// Registry on PostgreSQL: tenants, devices, enrolments, tokens.
import { CloudError } from '../cloud-error.ts';
import type { Registry, TokenScope } from '../registry.ts';
import { type Database, question } from './database.ts';
import { redeemEnrolment, tenantOfCode } from './queries/enrolment.ts';

const addTenant = question<{ tenant_id: string }>(
  'tenant-add',
  'insert into tender.tenant (tenant_id, name) values ($1, $2) on conflict do nothing returning tenant_id',
);
const tenantNamed = question<{ tenant_id: string | null }>(
  'tenant-named',
  'select tender.tenant_named($1) as tenant_id',
);
const addEnrolment = question(
  'enrolment-add',
  `insert into tender.enrolment (enrolment_id, tenant_id, code_hash, device_name, expires_ms)
   values ($1, $2, $3, $4, $5)`,
);
const enrolments = question<{
  readonly enrolment_id: string;
  readonly device_name: string;
  readonly expires_ms: number;
  readonly device_id: string | null;
}>(
  'enrolments',
  `select enrolment_id, device_name, expires_ms, device_id from tender.enrolment
   order by expires_ms desc, enrolment_id limit $1`,
);
const devices = question<{
  readonly device_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly public_key: Buffer;
  readonly revoked: boolean;
  readonly enrolled_ms: number;
  readonly epoch: number;
}>(
  'devices',
  `select device_id, tenant_id, name, public_key, revoked, enrolled_ms, epoch from tender.device
   order by enrolled_ms, device_id limit $1`,
);
const revokeDevice = question<{ device_id: string }>(
  'device-revoke',
  `update tender.device set revoked = true where device_id = $1
   returning device_id, pg_notify('tender_device', device_id::text)`,
);
const addToken = question(
  'token-add',
  `insert into tender.token (token_id, tenant_id, hash, name, scopes, expires_ms) values ($1, $2, $3, $4, $5, $6)`,
);
const tenantOfToken = question<{ tenant_id: string | null }>(
  'tenant-of-token',
  'select tender.tenant_of_token($1) as tenant_id',
);
interface TokenRow {
  readonly token_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly scopes: TokenScope[];
  readonly expires_ms: number | null;
  readonly revoked: boolean;
}
const tokenByHash = question<TokenRow>(
  'token-by-hash',
  'select token_id, tenant_id, name, scopes, expires_ms, revoked from tender.token where hash = $1',
);
const tokens = question<TokenRow>(
  'tokens',
  'select token_id, tenant_id, name, scopes, expires_ms, revoked from tender.token order by token_id limit $1',
);
const revokeToken = question<{ token_id: string }>(
  'token-revoke',
  'update tender.token set revoked = true where token_id = $1 returning token_id',
);

export function createPostgresRegistry(database: Database): Registry {
  const { asTenant } = database;
  return {
    async addTenant(tenantId, name) {
      const [added] = await asTenant(tenantId, (ask) => ask(addTenant, [tenantId, name]));
      if (!added) throw new CloudError('TENDER_NAME_TAKEN');
      return { tenantId, name };
    },
    async tenantByName(name) {
      const [found] = await database.ask(tenantNamed, [name]);
      return found?.tenant_id ? { tenantId: found.tenant_id, name } : undefined;
    },

    async addEnrolment(tenantId, { enrolmentId, codeHash, deviceName, expiresMs }) {
      const values = [enrolmentId, tenantId, Buffer.from(codeHash), deviceName, Math.round(expiresMs)];
      await asTenant(tenantId, (ask) => ask(addEnrolment, values));
    },
    async enrolments(tenantId, limit) {
      const rows = await asTenant(tenantId, (ask) => ask(enrolments, [limit]));
      return rows.map((row) => ({
        enrolmentId: row.enrolment_id,
        deviceName: row.device_name,
        expiresMs: row.expires_ms,
        deviceId: row.device_id,
      }));
    },
    async redeemEnrolment(redemption) {
      const [owner] = await database.ask(tenantOfCode, [Buffer.from(redemption.codeHash)]);
      if (!owner?.tenant_id) return undefined;
      return asTenant(owner.tenant_id, (ask) => redeemEnrolment(ask, redemption));
    },

    async devices(tenantId, limit) {
      const rows = await asTenant(tenantId, (ask) => ask(devices, [limit]));
      return rows.map((row) => ({
        deviceId: row.device_id,
        tenantId: row.tenant_id,
        name: row.name,
        publicKey: row.public_key,
        revoked: row.revoked,
        enrolledMs: row.enrolled_ms,
        epoch: row.epoch,
      }));
    },
    async revokeDevice(tenantId, deviceId) {
      return (await asTenant(tenantId, (ask) => ask(revokeDevice, [deviceId]))).length === 1;
    },

    async addToken(tenantId, { tokenId, hash, name, scopes, expiresMs }) {
      const values = [tokenId, tenantId, Buffer.from(hash), name, [...scopes], expiresMs];
      await asTenant(tenantId, (ask) => ask(addToken, values));
    },
    async tokenByHash(hash) {
      const bytes = Buffer.from(hash);
      const [owner] = await database.ask(tenantOfToken, [bytes]);
      if (!owner?.tenant_id) return undefined;
      const [row] = await asTenant(owner.tenant_id, (ask) => ask(tokenByHash, [bytes]));
      return row && tokenOf(row);
    },
    async tokens(tenantId, limit) {
      return (await asTenant(tenantId, (ask) => ask(tokens, [limit]))).map(tokenOf);
    },
    async revokeToken(tenantId, tokenId) {
      return (await asTenant(tenantId, (ask) => ask(revokeToken, [tokenId]))).length === 1;
    },
  };
}

function tokenOf(row: TokenRow) {
  return {
    tokenId: row.token_id,
    tenantId: row.tenant_id,
    name: row.name,
    scopes: row.scopes,
    expiresMs: row.expires_ms,
    revoked: row.revoked,
  };
}
