// Contract of CloudStore, first part: which session of a device counts, and what the others may still do (nothing).
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DeviceScope, SessionClaim } from '../../cloud/ports.ts';
import {
  addDevice,
  addTenant,
  addYacht,
  type CloudFixture,
  offerOf,
  placed,
  randomHex,
  sha256,
  uploadId,
} from './cloud-fixture.ts';

export function sessionContract(fixture: () => CloudFixture): void {
  describe('sessions', () => {
    const claim = (over: Partial<SessionClaim> = {}): SessionClaim => ({
      logId: 'a'.repeat(32),
      boot: 1,
      sessionId: 'b'.repeat(32),
      ...over,
    });
    async function device() {
      const deviceId = await addDevice(fixture().registry, await addTenant(fixture().registry));
      return { deviceId, begin: (wanted: SessionClaim) => fixture().store.beginSession(deviceId, wanted) };
    }

    test('the first session has epoch 1 and is no takeover', async () => {
      const { begin } = await device();
      expect(await begin(claim())).toEqual({ granted: true, epoch: 1, takeover: false });
    });
    test('the same session again keeps its epoch: its lanes share it', async () => {
      const { begin } = await device();
      await begin(claim());
      expect(await begin(claim())).toEqual({ granted: true, epoch: 1, takeover: false });
    });
    test('a newer boot of the same log raises the epoch', async () => {
      const { begin } = await device();
      await begin(claim());
      expect(await begin(claim({ boot: 2, sessionId: randomHex() }))).toMatchObject({ epoch: 2 });
    });
    test('an equal boot with another session, and an older boot, are a clone', async () => {
      const { begin } = await device();
      await begin(claim({ boot: 3 }));
      const cloned = { granted: false, code: 'TENDER_DEVICE_CLONED' };
      expect(await begin(claim({ boot: 3, sessionId: randomHex() }))).toEqual(cloned);
      expect(await begin(claim({ boot: 2 }))).toEqual(cloned);
    });
    test('a log never seen takes over, and the log before is refused for ever', async () => {
      const { begin } = await device();
      await begin(claim({ boot: 9 }));
      const fresh = claim({ logId: 'c'.repeat(32), boot: 1 });
      expect(await begin(fresh)).toEqual({ granted: true, epoch: 2, takeover: true });
      expect(await begin(claim({ boot: 99 }))).toEqual({ granted: false, code: 'TENDER_LOG_RETIRED' });
      expect(await begin(fresh)).toMatchObject({ granted: true, epoch: 2 });
    });
    test('a revoked device gets no session', async () => {
      const tenantId = await addTenant(fixture().registry);
      const deviceId = await addDevice(fixture().registry, tenantId);
      await fixture().registry.revokeDevice(tenantId, deviceId);
      expect(await fixture().store.beginSession(deviceId, claim())).toEqual({
        granted: false,
        code: 'TENDER_DEVICE_REVOKED',
      });
      expect(await fixture().store.device(deviceId)).toMatchObject({ revoked: true });
    });
    test('an unknown device is unknown, whatever its id looks like', async () => {
      expect(await fixture().store.device(randomUUID())).toBeUndefined();
      expect(await fixture().store.device('nobody')).toBeUndefined();
      await expect(fixture().store.beginSession('nobody', claim())).rejects.toMatchObject({
        code: 'TENDER_DEVICE_UNKNOWN',
      });
    });
    test('of many sessions that begin at once each newer boot has its own epoch', async () => {
      const { begin } = await device();
      const grants = await Promise.all(
        Array.from({ length: 8 }, (_, boot) => begin(claim({ boot: boot + 1, sessionId: randomHex() }))),
      );
      const epochs = grants.flatMap((grant) => (grant.granted ? [grant.epoch] : []));
      expect(new Set(epochs).size).toBe(epochs.length);
      expect(grants[7]).toMatchObject({ granted: true, epoch: Math.max(...epochs) });
    });
  });

  describe('fencing', () => {
    /** Every method with a scope, called as that scope. */
    const scoped = (scope: DeviceScope, upload: string): Record<string, () => Promise<unknown>> => ({
      offerDocument: () => fixture().store.offerDocument(scope, offerOf('x')),
      recordChunks: () => fixture().store.recordChunks(scope, upload, [placed(0, 'x')]),
      receipt: () => fixture().store.receipt(scope, upload),
      openEntries: () => fixture().store.openEntries(scope, upload),
      finishVersion: () =>
        fixture().store.finishVersion(scope, {
          uploadId: upload,
          lengthBytes: 0,
          sha256: sha256(Buffer.from('')),
          entries: [],
        }),
      dropDocument: () => fixture().store.dropDocument(scope, upload),
      inventory: () => fixture().store.inventory(scope, null, 10),
      noticesAfter: () => fixture().store.noticesAfter(scope, 0, 10),
      acknowledgeNotices: () => fixture().store.acknowledgeNotices(scope, 0),
    });

    test('a newer session fences the older one in every method', async () => {
      const tenantId = await addTenant(fixture().registry);
      const deviceId = await addDevice(fixture().registry, tenantId);
      const logId = randomHex();
      await fixture().store.beginSession(deviceId, { logId, boot: 1, sessionId: randomHex() });
      const old: DeviceScope = { tenantId, deviceId, epoch: 1 };
      const offer = offerOf('fenced');
      await fixture().store.offerDocument(old, offer);
      await fixture().store.beginSession(deviceId, { logId, boot: 2, sessionId: randomHex() });
      for (const [method, call] of Object.entries(scoped(old, offer.uploadId)))
        await expect(call(), method).rejects.toMatchObject({ code: 'TENDER_SESSION_FENCED' });
      expect(await fixture().store.openEntries({ ...old, epoch: 2 }, offer.uploadId)).toEqual([]);
    });
    test('a revoked device is stopped in every method', async () => {
      const scope = await addYacht(fixture());
      await fixture().registry.revokeDevice(scope.tenantId, scope.deviceId);
      for (const [method, call] of Object.entries(scoped(scope, uploadId())))
        await expect(call(), method).rejects.toMatchObject({ code: 'TENDER_DEVICE_REVOKED' });
    });
    test("a device named with another tenant's id is unknown in every method", async () => {
      const scope = { ...(await addYacht(fixture())), tenantId: await addTenant(fixture().registry) };
      for (const [method, call] of Object.entries(scoped(scope, uploadId())))
        await expect(call(), method).rejects.toMatchObject({ code: 'TENDER_DEVICE_UNKNOWN' });
    });
  });
}
