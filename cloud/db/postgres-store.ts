// CloudStore on PostgreSQL: which question is asked in whose transaction. The questions stand in queries/, a file each.
import { CloudError } from '../cloud-error.ts';
import type { CloudStore, DeviceScope } from '../ports.ts';
import { isUuid } from '../uuid.ts';
import type { Ask, Database, Question } from './database.ts';
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
import { versionEntries } from './queries/version-entries.ts';
import { storeWhole } from './queries/whole.ts';

export function createPostgresStore(database: Database): CloudStore {
  const { asTenant } = database;
  /** An id that is no UUID has no tenant, as an unknown one has none. */
  const tenantOf = async (narrow: Question<{ tenant_id: string | null }>, id: string) =>
    isUuid(id) ? (await database.ask(narrow, [id]))[0]?.tenant_id : undefined;
  /** A transaction for a device whose session still counts. */
  const acting = <T>(scope: DeviceScope, purpose: 'read' | 'write', work: (ask: Ask) => Promise<T>) =>
    asTenant(scope.tenantId, async (ask) => {
      await requireActing(ask, scope, purpose);
      return work(ask);
    });

  return {
    async device(deviceId) {
      const tenantId = await tenantOf(tenantOfDevice, deviceId);
      return tenantId ? asTenant(tenantId, (ask) => findDevice(ask, deviceId)) : undefined;
    },
    async beginSession(deviceId, claim) {
      const tenantId = await tenantOf(tenantOfDevice, deviceId);
      const grant = tenantId && (await asTenant(tenantId, (ask) => beginSession(ask, deviceId, claim)));
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
    storeWhole: (scope, versions) => acting(scope, 'write', (ask) => storeWhole(ask, scope, versions)),
    versionEntries: (scope, name, version, range) =>
      acting(scope, 'read', (ask) => versionEntries(ask, scope, name, version, range)),
    dropDocument: (scope, uploadId) => acting(scope, 'write', (ask) => dropDocument(ask, scope, uploadId)),
    inventory: (scope, after, limit) => acting(scope, 'read', (ask) => inventory(ask, scope, after, limit)),

    noticesAfter: (scope, cursor, limit) =>
      acting(scope, 'read', (ask) => noticesAfter(ask, scope, cursor, limit)),
    acknowledgeNotices: (scope, cursor) =>
      acting(scope, 'write', (ask) => acknowledgeNotices(ask, scope, cursor)),

    async takeIndexWork(documentId, version) {
      const tenantId = await tenantOf(tenantOfDocument, documentId);
      return tenantId ? asTenant(tenantId, (ask) => takeIndexWork(ask, documentId, version)) : undefined;
    },
    recordIndexed: (work, result) => asTenant(work.tenantId, (ask) => recordIndexed(ask, work, result)),
    recordIndexFailed: (work, failure) =>
      asTenant(work.tenantId, (ask) => recordIndexFailed(ask, work, failure)),
  };
}
