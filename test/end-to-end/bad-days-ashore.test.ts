// Bad days between yacht and shore: codes that are no good, a copied disk, a portal in between, and no room ashore. The
// queue stays whole, nothing leaks, and it goes on by itself or says what a person has to do.
import { cp } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';
import { noise } from './support/content.ts';
import { expectDelivered } from './support/delivered.ts';
import { runCommand } from './support/program.ts';
import { board, commission, type Ship } from './support/ship.ts';
import { openShore, type Shore } from './support/shore.ts';
import { cannotMount, type SmallDisk, smallDisk } from './support/small-disk.ts';
import { until } from './support/until.ts';
import { openWire } from './support/wire.ts';

let disk: SmallDisk | undefined;
let shore: Shore;
beforeAll(async () => {
  disk = await smallDisk(64);
  shore = await openShore(disk ? { blobs: join(disk.path, 'blobs') } : {});
});
afterAll(async () => {
  await shore?.close();
  await disk?.unmount();
});

const connection = async (ship: Ship) => (await ship.status()).connection;

describe('enrolment', () => {
  async function enrol(code: string, url = shore.url) {
    const home = await temporaryDirectory();
    const settings = ['--set', `state.directory=${join(home, 'state')}`];
    const { exit, lines } = await runCommand('agent', ['enrol', url, code, ...settings]);
    return { exit, answer: lines.at(-1)! };
  }

  test('a mistyped, unknown, expired, used or foreign code makes no device, and says what to do', async () => {
    const code = await shore.enrolmentCode('Aurelia');
    const letter = code[3] === 'A' ? 'B' : 'A';
    const mistyped = await enrol(code.slice(0, 3) + letter + code.slice(4));
    expect([mistyped.exit, mistyped.answer.code]).toEqual([64, 'TENDER_USAGE']);

    const expired = await enrol(await shore.enrolmentCode('Aurelia', 15 * 60_000 + 1_000));
    expect([expired.exit, expired.answer.code]).toEqual([77, 'TENDER_ENROLMENT_REFUSED']);
    expect(String(expired.answer.message)).toContain('ask the fleet office for a new one');

    const first = await enrol(code);
    expect(first.exit).toBe(0);
    const reused = await enrol(code);
    // Not a word about which it was: a wrong, an old or a used one.
    expect(reused).toEqual(expired);
    expect(await enrol(shore.unknownCode())).toEqual(expired);

    const page = createServer((_request, response) => response.end('<html>Welcome to Port Wi-Fi</html>'));
    page.listen(0, '127.0.0.1');
    onTestFinished(() => void page.close());
    await new Promise((listening) => page.once('listening', listening));
    const { port } = page.address() as AddressInfo;
    const portal = await enrol(await shore.enrolmentCode('Aurelia'), `http://127.0.0.1:${port}`);
    expect([portal.exit, portal.answer.code]).toEqual([76, 'TENDER_CLOUD_NOT_OURS']);
  });
});

describe('a copied disk', () => {
  test('two yachts with one identity: one works, the other is refused, and they do not take turns', async () => {
    const ship = await commission(shore, shore.url);
    await ship.start();
    await ship.untilConnected();
    await ship.agent.stop();
    const home = await temporaryDirectory();
    const copy = board({
      ...{ home, state: join(home, 'state'), folder: ship.folder, url: shore.url, settings: [] },
      ...{ deviceId: ship.deviceId, cloudKey: ship.cloudKey },
    });
    await cp(ship.state, copy.state, { recursive: true, preserveTimestamps: true });

    await ship.start();
    await ship.untilConnected();
    await copy.start();
    await until('the copy to be refused', async () => (await connection(copy)).state === 'refused');
    expect((await connection(copy)).lastError).toMatchObject({
      code: 'TENDER_DEVICE_CLONED',
      message: expect.stringContaining('stop one, then enrol the other'),
    });
    expect((await connection(ship)).state).toBe('online');
    const queued = await copy.add('copy.bin', noise('copy', 9_000));

    // Started again the copy counts one boot more: it takes over once, and the first one gives way for good.
    await copy.agent.stop();
    await copy.start();
    await copy.api.post('/v1/connection/reconnect', { by: 'test' });
    await until('the first one to be fenced', async () => (await connection(ship)).state === 'refused');
    expect((await connection(ship)).lastError?.code).toBe('TENDER_SESSION_FENCED');
    const waits = (await connection(ship)).untilMs! - Date.now();
    expect(waits).toBeGreaterThan(10 * 60_000);
    const epochs = await shore.epoch(ship.deviceId);
    const kept = await ship.add('first.bin', noise('first', 9_000));
    await until('the document of the copy to be indexed', async () =>
      (await copy.uploads()).some(({ id, state }) => id === queued.id && state === 'indexed'),
    );
    expect((await ship.uploads()).find(({ id }) => id === kept.id)?.state).toBe('sending');
    expect(await shore.epoch(ship.deviceId)).toBe(epochs);
    expect(epochs).toBe(3);
  });
});

describe('a portal instead of the cloud', () => {
  test.each([
    ['a page', 'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 14\r\n\r\n<html>Log in!\n'],
    ['a redirect', 'HTTP/1.1 302 Found\r\nlocation: http://portal.example/\r\ncontent-length: 0\r\n\r\n'],
    ['a demand (511)', 'HTTP/1.1 511 Network Authentication Required\r\ncontent-length: 0\r\n\r\n'],
  ])(
    '%s: captive, the queue is kept, not a byte of a document leaves, and it recovers',
    async (_what, answer) => {
      const heard: Buffer[] = [];
      const portal = createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (bytes) => {
          heard.push(bytes);
          socket.write(answer);
        });
      });
      await new Promise<void>((listening) => portal.listen(0, '127.0.0.1', listening));
      const way = await openWire(shore.port);
      onTestFinished(async () => {
        await way.close();
        await new Promise((closed) => portal.close(closed));
      });
      const ship = await commission(shore, way.url);
      way.light((portal.address() as AddressInfo).port);
      await ship.start();
      const name = 'crew-passports.bin';
      const bytes = noise('portal', 30_000);
      await ship.add(name, bytes);
      await until('the portal to be noticed', async () => (await connection(ship)).state === 'captive');
      const { lastError, untilMs } = await connection(ship);
      expect(lastError).toMatchObject({ class: 'CAPTIVE', message: expect.stringMatching(/log in/i) });
      expect(untilMs! - Date.now()).toBeLessThanOrEqual(60_000);
      const [upload] = await ship.uploads();
      expect([upload?.state, upload?.attempts]).toEqual(['sending', 0]);
      const all = Buffer.concat(heard);
      expect(all.toString('latin1')).toMatch(/^GET \/v1\/line\//);
      expect(all.includes(name)).toBe(false);
      expect(all.includes(bytes.subarray(0, 16))).toBe(false);
      expect(all.length).toBeLessThan(2_000);

      way.light(shore.port);
      // What the crew's phone would say after the log-in; without it the next look comes within a minute.
      await ship.api.post('/v1/connection/reconnect', { by: 'test' });
      await expectDelivered(shore, ship, new Map([[`added/${name}`, bytes]]));
    },
  );
});

describe('no room ashore', () => {
  test('the yacht is asked for patience, keeps everything, and delivers when there is room again', async ({
    skip,
  }) => {
    if (!disk) return skip(cannotMount);
    const ship = await commission(shore, shore.url);
    await ship.start();
    await ship.untilConnected();
    await disk.fill(100_000);
    const cargo = new Map<string, Buffer>();
    for (let at = 0; at < 3; at++) {
      cargo.set(`added/${at}.bin`, noise(`full ${at}`, 400_000));
      await ship.add(`${at}.bin`, noise(`full ${at}`, 400_000));
    }
    const waiting = await until('the shore to say that it is full', async () =>
      (await ship.uploads()).find(({ errors }) => (errors as unknown[]).length > 0),
    );
    expect((waiting.errors as { class: string; code: string }[])[0]).toMatchObject({
      class: 'BUSY',
      code: 'TENDER_BLOB_STORE_FULL',
    });
    for (const upload of await ship.uploads()) expect(upload.final).toBe(false);
    await disk.free();
    await expectDelivered(shore, ship, cargo);
  });
});
