import { randomBytes, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../../cloud/adapters/system-clock.ts';
import { createDevices, type Devices } from '../../cloud/decide/devices.ts';
import { createMemoryCloud, type MemoryCloud } from '../../cloud/memory/memory-store.ts';
import { addTenant } from '../contracts/cloud-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';

describe('devices', () => {
  let clock: FakeClock;
  let cloud: MemoryCloud;
  let devices: Devices;
  let tenantId: string;
  const invalid = { code: 'TENDER_ENROLMENT_INVALID', status: 403 };
  beforeEach(async () => {
    clock = new FakeClock();
    cloud = createMemoryCloud({ clock, random: systemRandom });
    devices = createDevices({ store: cloud.store, registry: cloud.registry, clock, random: systemRandom });
    tenantId = await addTenant(cloud.registry);
  });

  test('a code makes a device with the name that the office gave it', async () => {
    const { secret } = await devices.issueCode(tenantId, 'Aurora');
    expect(secret).toHaveLength(16);
    const device = await devices.enrol({ secret, publicKey: randomBytes(32) });
    expect(device).toMatchObject({ tenantId, name: 'Aurora', revoked: false });
    expect(await devices.authenticate(device.deviceId)).toEqual(device);
  });
  test('two codes are never the same', async () => {
    const codes = await Promise.all(Array.from({ length: 100 }, () => devices.issueCode(tenantId, 'x')));
    expect(new Set(codes.map(({ secret }) => Buffer.from(secret).toString('hex'))).size).toBe(100);
  });
  test('a code lives fifteen minutes, to the millisecond', async () => {
    const [early, late] = [await devices.issueCode(tenantId, 'a'), await devices.issueCode(tenantId, 'b')];
    await clock.advance(15 * 60_000 - 1);
    await devices.enrol({ secret: early.secret, publicKey: randomBytes(32) });
    await clock.advance(1);
    await expect(devices.enrol({ secret: late.secret, publicKey: randomBytes(32) })).rejects.toMatchObject(
      invalid,
    );
  });
  test('wrong, used, expired and malformed claims get one and the same answer', async () => {
    const used = await devices.issueCode(tenantId, 'a');
    await devices.enrol({ secret: used.secret, publicKey: randomBytes(32) });
    const good = await devices.issueCode(tenantId, 'b');
    const claims = [
      { secret: used.secret, publicKey: randomBytes(32) },
      { secret: new Uint8Array(0), publicKey: randomBytes(32) },
      { secret: new Uint8Array(16), publicKey: randomBytes(32) },
      { secret: new Uint8Array(10_000), publicKey: randomBytes(32) },
      { secret: good.secret, publicKey: randomBytes(31) },
    ];
    const messages = await Promise.all(
      claims.map((claim) => devices.enrol(claim).catch((error: Error) => error)),
    );
    for (const error of messages) expect(error).toMatchObject(invalid);
    expect(new Set(messages.map((error) => (error as Error).message)).size).toBe(1);
    await devices.enrol({ secret: good.secret, publicKey: randomBytes(32) });
  });
  test('an answer lost on the way can be asked for again, by the same key only', async () => {
    const { secret } = await devices.issueCode(tenantId, 'a');
    const publicKey = randomBytes(32);
    const first = await devices.enrol({ secret, publicKey });
    expect(await devices.enrol({ secret, publicKey })).toEqual(first);
  });
  test('no code is kept in clear', async () => {
    const { secret, enrolmentId } = await devices.issueCode(tenantId, 'a');
    const kept = JSON.stringify(await cloud.registry.enrolments(tenantId, 10));
    expect(kept).toContain(enrolmentId);
    for (const form of ['hex', 'base64'] as const)
      expect(kept).not.toContain(Buffer.from(secret).toString(form));
  });
  test('unknown and revoked devices are told apart for the device itself', async () => {
    for (const id of [randomUUID(), '', "' or 1=1"])
      await expect(devices.authenticate(id)).rejects.toMatchObject({ code: 'TENDER_DEVICE_UNKNOWN' });
    const { secret } = await devices.issueCode(tenantId, 'a');
    const device = await devices.enrol({ secret, publicKey: randomBytes(32) });
    await cloud.registry.revokeDevice(tenantId, device.deviceId);
    await expect(devices.authenticate(device.deviceId)).rejects.toMatchObject({
      code: 'TENDER_DEVICE_REVOKED',
    });
  });
  test('a clone and its original cannot both go on: whoever boots later fences the other, which is then refused', async () => {
    const { secret } = await devices.issueCode(tenantId, 'a');
    const { deviceId } = await devices.enrol({ secret, publicKey: randomBytes(32) });
    const logId = 'a'.repeat(32);
    const original = { logId, boot: 5, sessionId: 'b'.repeat(32) };
    expect(await devices.beginSession(deviceId, original)).toMatchObject({ granted: true, epoch: 1 });
    const copy = { logId, boot: 6, sessionId: 'c'.repeat(32) };
    expect(await devices.beginSession(deviceId, copy)).toMatchObject({ granted: true, epoch: 2 });
    const cloned = { granted: false, code: 'TENDER_DEVICE_CLONED' };
    expect(await devices.beginSession(deviceId, original)).toEqual(cloned);
    expect(await devices.beginSession(deviceId, { ...original, boot: 6 })).toEqual(cloned);
  });
});
