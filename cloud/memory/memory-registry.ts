// Registry over the memory rows. Same contract suite as PostgreSQL's.
import { CloudError } from '../cloud-error.ts';
import type { Clock, Device } from '../ports.ts';
import type { Registry } from '../registry.ts';
import { type DeviceRow, hex, type MemoryRows } from './memory-rows.ts';

export function createMemoryRegistry(
  rows: MemoryRows,
  clock: Clock,
  wakeDevice: (deviceId: string) => void,
): Registry {
  return {
    async addTenant(tenantId, name) {
      if ([...rows.tenants.values()].some((tenant) => tenant.name === name))
        throw new CloudError('TENDER_NAME_TAKEN');
      const tenant = { tenantId, name };
      rows.tenants.set(tenantId, tenant);
      return tenant;
    },
    async tenantByName(name) {
      return [...rows.tenants.values()].find((tenant) => tenant.name === name);
    },

    async addEnrolment(tenantId, { enrolmentId, codeHash, deviceName, expiresMs }) {
      rows.enrolments.set(enrolmentId, { tenantId, enrolmentId, deviceName, expiresMs, deviceId: null });
      rows.codes.set(hex(codeHash), enrolmentId);
    },
    async enrolments(tenantId, limit) {
      return [...rows.enrolments.values()]
        .filter((enrolment) => enrolment.tenantId === tenantId)
        .sort((a, b) => b.expiresMs - a.expiresMs || (a.enrolmentId < b.enrolmentId ? -1 : 1))
        .slice(0, limit)
        .map(({ enrolmentId, deviceName, expiresMs, deviceId }) => ({
          enrolmentId,
          deviceName,
          expiresMs,
          deviceId,
        }));
    },
    async redeemEnrolment({ codeHash, deviceId, publicKey, nowMs }) {
      const enrolment = rows.enrolments.get(rows.codes.get(hex(codeHash)) ?? '');
      if (!enrolment || enrolment.expiresMs <= nowMs) return undefined;
      if (enrolment.deviceId !== null) {
        const winner = rows.devices.get(enrolment.deviceId)!;
        return hex(winner.publicKey) === hex(publicKey) ? deviceOf(winner) : undefined;
      }
      const row: DeviceRow = {
        deviceId,
        tenantId: enrolment.tenantId,
        name: enrolment.deviceName,
        publicKey: Uint8Array.from(publicKey),
        enrolledMs: clock.wallMs(),
        revoked: false,
        epoch: 0,
        log: null,
        retiredLogs: new Set(),
        noticeLast: 0,
        noticeAcknowledged: 0,
        notices: [],
        open: new Map(),
        finished: new Map(),
        documents: new Map(),
      };
      rows.devices.set(deviceId, row);
      rows.enrolments.set(enrolment.enrolmentId, { ...enrolment, deviceId });
      return deviceOf(row);
    },

    async devices(tenantId, limit) {
      return [...rows.devices.values()]
        .filter((device) => device.tenantId === tenantId)
        .sort((a, b) => a.enrolledMs - b.enrolledMs || (a.deviceId < b.deviceId ? -1 : 1))
        .slice(0, limit)
        .map((row) => ({ ...deviceOf(row), enrolledMs: row.enrolledMs, epoch: row.epoch }));
    },
    async revokeDevice(tenantId, deviceId) {
      const row = rows.devices.get(deviceId);
      if (row?.tenantId !== tenantId) return false;
      row.revoked = true;
      wakeDevice(deviceId);
      return true;
    },

    async addToken(tenantId, { tokenId, hash, name, scopes, expiresMs }) {
      rows.tokens.set(hex(hash), { tokenId, tenantId, name, scopes, expiresMs, revoked: false });
    },
    async tokenByHash(hash) {
      return rows.tokens.get(hex(hash));
    },
    async tokens(tenantId, limit) {
      return [...rows.tokens.values()]
        .filter((token) => token.tenantId === tenantId)
        .sort((a, b) => (a.tokenId < b.tokenId ? -1 : 1))
        .slice(0, limit);
    },
    async revokeToken(tenantId, tokenId) {
      for (const [hash, token] of rows.tokens)
        if (token.tenantId === tenantId && token.tokenId === tokenId) {
          rows.tokens.set(hash, { ...token, revoked: true });
          return true;
        }
      return false;
    },
  };
}

export function deviceOf(row: DeviceRow): Device {
  const { deviceId, tenantId, name, publicKey, revoked } = row;
  return { deviceId, tenantId, name, publicKey, revoked };
}
