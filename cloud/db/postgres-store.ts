// CloudStore on PostgreSQL: which question is asked in whose transaction. The questions stand in queries/, a file each.
import { CloudError } from '../cloud-error.ts';
import type { CloudStore, DeviceScope } from '../ports.ts';
import type { Ask, Database } from './database.ts';
import { requireActing } from './queries/acting-device.ts';
import { condemnChunks, findChunks } from './queries/chunks.ts';
import { beginSession, findDevice, tenantOfDevice } from './queries/device.ts';
import { finishVersion } from './queries/finish.ts';
import { recordIndexed, recordIndexFailed, takeIndexWork, tenantOfDocument } from './queries/indexing.ts';
import { inventory } from './queries/inventory.ts';
import { acknowledgeNotices, noticesAfter } from './queries/notices.ts';
import { offerDocument } from './queries/offer.ts';
import { dropDocument, openEntries, recordChunks } from './queries/open-manifest.ts';
import { findReceipt } from './queries/receipt.ts';

export function createPostgresStore(database: Database): CloudStore {
  const { asTenant } = database;
  /** A transaction for a device whose session still counts. */
  const acting = <T>(scope: DeviceScope, purpose: 'read' | 'write', work: (ask: Ask) => Promise<T>) =>
    asTenant(scope.tenantId, async (ask) => {
      await requireActing(ask, scope, purpose);
      return work(ask);
    });

  return {
    async device(deviceId) {
      const [owner] = await database.ask(tenantOfDevice, [deviceId]);
      if (!owner?.tenant_id) return undefined;
      return asTenant(owner.tenant_id, (ask) => findDevice(ask, deviceId));
    },
    async beginSession(deviceId, claim) {
      const [owner] = await database.ask(tenantOfDevice, [deviceId]);
      const grant =
        owner?.tenant_id && (await asTenant(owner.tenant_id, (ask) => beginSession(ask, deviceId, claim)));
      if (!grant) throw new CloudError('TENDER_DEVICE_UNKNOWN');
      return grant;
    },

    offerDocument: (scope, offer) => acting(scope, 'write', (ask) => offerDocument(ask, scope, offer)),
    findChunks: (tenantId, ids) =>
      ids.length === 0 ? Promise.resolve([]) : asTenant(tenantId, (ask) => findChunks(ask, ids)),
    condemnChunks: (tenantId, ids) => asTenant(tenantId, (ask) => condemnChunks(ask, ids)),
    recordChunks: (scope, uploadId, entries) =>
      acting(scope, 'write', (ask) => recordChunks(ask, scope, uploadId, entries)),
    receipt: (scope, uploadId) => acting(scope, 'read', (ask) => findReceipt(ask, scope, uploadId)),
    openEntries: (scope, uploadId) => acting(scope, 'read', (ask) => openEntries(ask, scope, uploadId)),
    finishVersion: (scope, finish) => acting(scope, 'write', (ask) => finishVersion(ask, scope, finish)),
    dropDocument: (scope, uploadId) => acting(scope, 'write', (ask) => dropDocument(ask, scope, uploadId)),
    inventory: (scope, after, limit) => acting(scope, 'read', (ask) => inventory(ask, scope, after, limit)),

    noticesAfter: (scope, cursor, limit) =>
      acting(scope, 'read', (ask) => noticesAfter(ask, scope, cursor, limit)),
    acknowledgeNotices: (scope, cursor) =>
      acting(scope, 'write', (ask) => acknowledgeNotices(ask, scope, cursor)),

    async takeIndexWork(documentId, version) {
      const [owner] = await database.ask(tenantOfDocument, [documentId]);
      if (!owner?.tenant_id) return undefined;
      return asTenant(owner.tenant_id, (ask) => takeIndexWork(ask, documentId, version));
    },
    recordIndexed: (work, result) => asTenant(work.tenantId, (ask) => recordIndexed(ask, work, result)),
    recordIndexFailed: (work, failure) =>
      asTenant(work.tenantId, (ask) => recordIndexFailed(ask, work, failure)),
  };
}
