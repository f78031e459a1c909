import { describe, expect, test } from 'vitest';
import { shakeHands, WallClock } from '../../agent/line/handshake.ts';
import { lineLimits } from '../../agent/line/limits.ts';
import { Line } from '../../agent/line/line.ts';
import { encodeCloudFrame } from '../../cloud/contract/frame-encoder.ts';
import { signerFromSeed } from '../../cloud/contract/keys.ts';
import type { LaneDialer } from '../../cloud/contract/socket.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { content, yachtAndShore } from './support/yacht.ts';

const stranger = signerFromSeed(new Uint8Array(32).fill(9));

describe('opening a line', () => {
  test("a signature that is not the device's is refused: AUTH, and a person must act", async () => {
    const yacht = await yachtAndShore();
    yacht.line = yacht.newLine(yacht.shore.cloudKey.publicKey, stranger.sign);
    const failed = await yacht.open();
    expect(failed).toMatchObject({ type: 'line.failed', class: 'AUTH', code: 'TENDER_SIGNATURE_REFUSED' });
    expect(Number(failed.delayMs)).toBeGreaterThanOrEqual(900_000);
  });

  test('every covered byte counts: a changed path, claim or signature is refused', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const { url, headers } = yacht.link.requests[0]!;
    const path = new URL(url).pathname;
    const admit = (change: Partial<Record<string, string>>, otherPath = path, method = 'GET') =>
      yacht.shore.service.admit({ method, path: otherPath, headers: { ...headers, ...change } });
    const line = headers['tender-line']!;
    const refusals = [
      await admit({ 'tender-line': line.replace('boot=1', 'boot=2') }),
      await admit({ 'tender-line': line.replace('cursor=0', 'cursor=1') }),
      await admit({ 'tender-line': '' }),
      await admit({ signature: '' }),
      await admit({
        signature: headers.signature!.replace(/:(.)/, (_, first) => (first === 'A' ? ':B' : ':A')),
      }),
      await admit({ 'signature-input': headers['signature-input']!.replace('"@path" ', '') }),
      await admit({ 'signature-input': `${headers['signature-input']}, x=("@method")` }),
      await admit({}, `${path}0`),
      await admit({}, path, 'POST'),
      await admit({}), // word for word the same: seen before
    ];
    const codes = refusals.map((verdict) => ('refuse' in verdict ? verdict.refuse.code : 'admitted'));
    expect(codes).not.toContain('admitted');
    expect(codes.at(-1)).toBe('TENDER_REQUEST_REPLAYED');
    expect(refusals.every((verdict) => 'refuse' in verdict && verdict.refuse.status >= 400)).toBe(true);
  });

  test("a clock that is years off is set once from the cloud's signed answer, and only from that", async () => {
    const yacht = await yachtAndShore();
    const wrongMs = 3 * 365 * 24 * 3_600_000;
    yacht.wallErrorMs = -wrongMs;
    yacht.line = yacht.newLine();
    expect(await yacht.open()).toMatchObject({ type: 'line.opened' });
    expect(yacht.link.dials).toBe(2);
    expect(yacht.line.status().clockOffsetMs).toBe(wrongMs);
    await yacht.close();
    await yacht.clock.advance(10);
    expect(await yacht.open()).toMatchObject({ type: 'line.opened' });
    expect(yacht.link.dials).toBe(3); // right from now on
  });

  test('an answer without the cloud’s signature neither sets the clock nor counts as a refusal', async () => {
    const yacht = await yachtAndShore();
    const dialer: LaneDialer = {
      dial: async () => ({
        failure: { class: 'AUTH', code: 'TENDER_UPGRADE_REFUSED', message: 'HTTP 401' },
        answer: {
          status: 401,
          headers: { date: 'Fri, 01 Jan 2040 00:00:00 GMT', 'tender-answer': 'code=TENDER_CLOCK_WRONG' },
        },
      }),
    };
    Object.assign(yacht.link, { dialer });
    yacht.line = yacht.newLine();
    expect(await yacht.open()).toMatchObject({
      type: 'line.failed',
      class: 'CAPTIVE',
      code: 'TENDER_CLOUD_UNPROVEN',
    });
    expect(yacht.line.status().clockOffsetMs).toBe(0);
  });

  test('whoever cannot sign our nonce gets nothing: INTERCEPTED; whoever says something else first: CAPTIVE', async () => {
    for (const [first, expected] of [
      ['forged', { class: 'INTERCEPTED', code: 'TENDER_HELLO_FORGED' }],
      ['replayed', { class: 'INTERCEPTED', code: 'TENDER_HELLO_FORGED' }],
      ['html', { class: 'CAPTIVE', code: 'TENDER_CLOUD_UNPROVEN' }],
      ['frame', { class: 'CAPTIVE', code: 'TENDER_CLOUD_UNPROVEN' }],
      ['empty', { class: 'CAPTIVE', code: 'TENDER_CLOUD_UNPROVEN' }],
      ['nothing', { class: 'LINK', code: 'TENDER_HELLO_LATE' }],
    ] as const) {
      const yacht = await yachtAndShore();
      let old: Uint8Array | undefined;
      if (first === 'replayed') {
        yacht.link.mapDown = (frame) => {
          old ??= frame;
          return [frame];
        };
        await yacht.open();
        await yacht.close();
        await yacht.clock.advance(10);
        yacht.frames.length = 0;
      }
      yacht.link.mapDown = (frame) => {
        if (frame[0] !== 0x81) return [];
        if (first === 'forged')
          return [Uint8Array.from(frame, (byte, at) => (at === frame.length - 1 ? byte ^ 1 : byte))];
        if (first === 'replayed') return [old!];
        if (first === 'html') return [new TextEncoder().encode('<html>Welcome to MarinaNet</html>')];
        if (first === 'frame') return [encodeCloudFrame({ type: 'PONG', stamp: 1 })];
        return first === 'empty' ? [new Uint8Array(0)] : [];
      };
      const uploadId = yacht.upload(content(5_000));
      const sending = yacht.send(uploadId);
      const opening = yacht.open();
      await yacht.clock.advance(30_000);
      expect(await opening).toMatchObject({ type: 'line.failed', ...expected });
      expect(yacht.frames).toEqual([]); // not a byte of any document
      sending.abort();
    }
  });

  test('a device that is not enrolled yet says so without dialling', async () => {
    const yacht = await yachtAndShore();
    yacht.line = new Line({
      dialer: yacht.link.dialer,
      clock: yacht.clock,
      random: yacht.random,
      heartbeatMs: 60_000,
      identity: async () => undefined,
      keepNotices: async () => 0,
      lost: () => {},
      crossed: () => {},
      log: () => {},
    });
    expect(await yacht.open()).toMatchObject({
      type: 'line.failed',
      class: 'AUTH',
      code: 'TENDER_NOT_ENROLLED',
    });
    expect(yacht.link.dials).toBe(0);
  });
});

test('a key that cannot be read, or an address that is none, is a failure of this machine, and may heal', async () => {
  const yacht = await yachtAndShore();
  let broken = true;
  yacht.line = new Line({
    dialer: yacht.link.dialer,
    clock: yacht.clock,
    random: yacht.random,
    heartbeatMs: 60_000,
    identity: async () => {
      if (broken) throw new Error('key file is gone');
      return {
        deviceId: yacht.shore.deviceId,
        cloudUrl: 'http://localhost:1',
        cloudKeys: [yacht.shore.cloudKey.publicKey],
        sign: yacht.shore.deviceKey.sign,
      };
    },
    keepNotices: async () => 0,
    lost: () => {},
    crossed: () => {},
    log: () => {},
  });
  expect(await yacht.open()).toMatchObject({ class: 'LOCAL', code: 'TENDER_LINE_UNPREPARED' });
  broken = false;
  expect(await yacht.open()).toMatchObject({ type: 'line.opened' });
});

describe('sessions', () => {
  test('a newer boot fences the older one at once; the older is refused and does not fight back', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const older = yacht.line;
    yacht.boot = 2;
    yacht.line = yacht.newLine();
    expect(await yacht.open()).toMatchObject({ type: 'line.opened', epoch: 2 });
    await yacht.clock.advance(100);
    expect(yacht.lost).toMatchObject([{ class: 'AUTH', code: 'TENDER_SESSION_FENCED' }]);
    expect(older.isOpen).toBe(false);
    yacht.line = older;
    yacht.boot = 1;
    expect(await yacht.open()).toMatchObject({ type: 'line.failed', class: 'AUTH' });
    expect(yacht.shore.service.status()).toMatchObject({ sessions: 1, lanes: 1 });
  });

  test('a copy of the same boot is called a clone and refused; the first goes on', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    const first = yacht.line;
    yacht.line = yacht.newLine();
    expect(await yacht.open()).toMatchObject({
      type: 'line.failed',
      class: 'AUTH',
      code: 'TENDER_DEVICE_CLONED',
    });
    yacht.line = first;
    expect((await yacht.carry(yacht.upload(content(100)))).type).toBe('upload.stored');
  });

  test('a revoked device is told so, on an open line and at the next upgrade', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    await yacht.shore.cloud.registry.revokeDevice(yacht.shore.tenantId, yacht.shore.deviceId);
    await yacht.clock.advance(5_000);
    expect(yacht.lost).toMatchObject([{ class: 'AUTH', code: 'TENDER_DEVICE_REVOKED' }]);
    expect(await yacht.open()).toMatchObject({
      type: 'line.failed',
      class: 'AUTH',
      code: 'TENDER_DEVICE_REVOKED',
    });
  });

  test('a cloud that closes for maintenance is left in peace for a while', async () => {
    const yacht = await yachtAndShore();
    await yacht.open();
    yacht.shore.service.close();
    await yacht.clock.advance(100);
    expect(yacht.lost).toMatchObject([{ class: 'BUSY', code: 'TENDER_LINE_CLOSING' }]);
    expect(yacht.shore.service.status()).toMatchObject({ sessions: 0, lanes: 0 });
  });
});

describe('a handshake that is hung up', () => {
  test('while its request is being signed dials nobody', async () => {
    const yacht = await yachtAndShore();
    const { deviceId, cloudKey, deviceKey } = yacht.shore;
    const handshake = {
      identity: {
        deviceId,
        cloudUrl: 'http://127.0.0.1:8080',
        cloudKeys: [cloudKey.publicKey],
        sign: deviceKey.sign,
      },
      claim: { logId: '0'.repeat(32), boot: 1, sessionId: '1'.repeat(32), lane: 0, cursor: 0 },
      owner: { frame: () => {}, acknowledged: () => {}, lost: () => {} },
      proved: () => expect.fail('nobody waits for it'),
      signal: AbortSignal.abort(),
    };
    const ports = {
      dialer: yacht.link.dialer,
      clock: yacht.clock,
      random: new FakeRandom(1, 'x'),
      limits: lineLimits,
    };
    expect(await shakeHands(ports, new WallClock(yacht.clock), handshake)).toMatchObject({
      failure: { class: 'LINK' },
    });
    expect(yacht.link.dials).toBe(0);
  });
});
