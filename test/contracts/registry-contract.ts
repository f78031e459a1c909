// The contract of Registry, run by the memory registry and by PostgreSQL.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addDevice, addTenant, type CloudFixture } from './cloud-fixture.ts';

export function registryContract(name: string, make: () => Promise<CloudFixture>): void {
  describe(`Registry (${name})`, () => {
    let fixture: CloudFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(() => fixture.close());

    async function code(tenantId: string, expiresMs = 2_000) {
      const codeHash = randomBytes(32);
      await fixture.registry.addEnrolment(tenantId, {
        enrolmentId: randomUUID(),
        codeHash,
        deviceName: 'Borealis',
        expiresMs,
      });
      return (publicKey = randomBytes(32), nowMs = 1_000) =>
        fixture.registry.redeemEnrolment({ codeHash, deviceId: randomUUID(), publicKey, nowMs });
    }

    test("a tenant's name is its own", async () => {
      const wanted = `Fleet ${randomUUID()}`;
      const tenant = await fixture.registry.addTenant(randomUUID(), wanted);
      expect(await fixture.registry.tenantByName(wanted)).toEqual(tenant);
      expect(await fixture.registry.tenantByName('nobody')).toBeUndefined();
      await expect(fixture.registry.addTenant(randomUUID(), wanted)).rejects.toMatchObject({
        code: 'TENDER_NAME_TAKEN',
      });
    });

    test('a code makes one device; its own key may ask again, another key may not', async () => {
      const tenantId = await addTenant(fixture.registry);
      const redeem = await code(tenantId);
      const key = randomBytes(32);
      const device = await redeem(key);
      expect(device).toMatchObject({ tenantId, name: 'Borealis', revoked: false });
      expect(await redeem(key)).toMatchObject({ deviceId: device!.deviceId });
      expect(await redeem()).toBeUndefined();
      expect(await fixture.registry.devices(tenantId, 10)).toMatchObject([
        { deviceId: device!.deviceId, epoch: 0 },
      ]);
      expect(await fixture.registry.enrolments(tenantId, 10)).toMatchObject([
        { deviceName: 'Borealis', expiresMs: 2_000, deviceId: device!.deviceId },
      ]);
    });

    test('a code ends at its last millisecond, an unknown one was never there', async () => {
      const redeem = await code(await addTenant(fixture.registry), 2_000);
      expect(await redeem(randomBytes(32), 2_000)).toBeUndefined();
      expect(await redeem(randomBytes(32), 1_999)).toBeDefined();
      const unknown = {
        codeHash: randomBytes(32),
        deviceId: randomUUID(),
        publicKey: randomBytes(32),
        nowMs: 0,
      };
      expect(await fixture.registry.redeemEnrolment(unknown)).toBeUndefined();
    });

    test('of 1,000 concurrent redemptions of 20 codes exactly one each wins', async () => {
      const tenantId = await addTenant(fixture.registry);
      const redeemers = await Promise.all(Array.from({ length: 20 }, () => code(tenantId)));
      const winners = await Promise.all(
        redeemers.map(async (redeem) => {
          const answers = await Promise.all(Array.from({ length: 50 }, () => redeem()));
          return answers.filter((device) => device !== undefined).length;
        }),
      );
      expect(winners).toEqual(winners.map(() => 1));
      expect(await fixture.registry.devices(tenantId, 100)).toHaveLength(20);
    });

    test('a token is found by its hash, and tells its tenant, scopes and state', async () => {
      const tenantId = await addTenant(fixture.registry);
      const [tokenId, hash] = [randomUUID(), randomBytes(32)];
      await fixture.registry.addToken(tenantId, {
        tokenId,
        hash,
        name: 'office',
        scopes: ['search', 'content'],
        expiresMs: 5_000,
      });
      const token = {
        tokenId,
        tenantId,
        name: 'office',
        scopes: ['search', 'content'],
        expiresMs: 5_000,
        revoked: false,
      };
      expect(await fixture.registry.tokenByHash(hash)).toEqual(token);
      expect(await fixture.registry.tokens(tenantId, 10)).toEqual([token]);
      expect(await fixture.registry.tokenByHash(randomBytes(32))).toBeUndefined();
      expect(await fixture.registry.revokeToken(tenantId, tokenId)).toBe(true);
      expect(await fixture.registry.tokenByHash(hash)).toMatchObject({ revoked: true });
    });

    test("another tenant's devices and tokens can be neither seen nor revoked", async () => {
      const [mine, theirs] = [await addTenant(fixture.registry), await addTenant(fixture.registry)];
      const deviceId = await addDevice(fixture.registry, theirs);
      const tokenId = randomUUID();
      const hash = randomBytes(32);
      await fixture.registry.addToken(theirs, {
        tokenId,
        hash,
        name: 't',
        scopes: ['admin'],
        expiresMs: null,
      });
      expect(await fixture.registry.devices(mine, 10)).toEqual([]);
      expect(await fixture.registry.tokens(mine, 10)).toEqual([]);
      expect(await fixture.registry.enrolments(mine, 10)).toEqual([]);
      expect(await fixture.registry.revokeDevice(mine, deviceId)).toBe(false);
      expect(await fixture.registry.revokeToken(mine, tokenId)).toBe(false);
      expect(await fixture.store.device(deviceId)).toMatchObject({ revoked: false });
      expect(await fixture.registry.tokenByHash(hash)).toMatchObject({ revoked: false, expiresMs: null });
    });
  });
}
