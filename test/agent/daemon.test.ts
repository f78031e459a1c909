import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { nodeRandom } from '../../agent/adapters/node-random.ts';
import { loadConfig } from '../../agent/config.ts';
import { createDaemon, type Daemon } from '../../agent/daemon.ts';
import type { Identity } from '../../agent/identity/device-file.ts';
import type { LogLine } from '../../agent/log-line.ts';
import { nameFromBytes } from '../../cloud/contract/name.ts';
import { offerOf, storeDocument } from '../contracts/cloud-fixture.ts';
import { MemoryLink } from '../line/support/memory-link.ts';
import { memoryShore } from '../line/support/shore.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const hourMs = 3_600_000;

/** The true daemon on real files and a real log, a true shore in memory, and a clock that the test holds. */
async function voyage(flags: Record<string, string> = {}) {
  const clock = new FakeClock();
  const shore = await memoryShore(clock);
  const link = new MemoryLink(clock, shore.service);
  const home = await temporaryDirectory();
  const scans = join(home, 'scans');
  await mkdir(scans);
  const config = await loadConfig({
    environment: {},
    flags: {
      'state.directory': join(home, 'state'),
      'cloud.url': 'http://127.0.0.1:8080',
      'folders.scans.path': scans,
      ...flags,
    },
  });
  const identity: Identity = {
    device: {
      deviceId: shore.deviceId,
      tenantId: shore.tenantId,
      name: 'yacht',
      cloudUrl: config.cloud.url,
      cloudKey: shore.cloudKey.publicKey,
      keyFile: 'device-x.key',
      enrolledMs: 0,
    },
    key: shore.deviceKey,
  };
  const lines: LogLine[] = [];
  const self = {
    clock,
    shore,
    link,
    home,
    scans,
    lines,
    identity: identity as Identity | undefined,
    freeBytes: 1e12,
    daemon: undefined as unknown as Daemon,
    async boot(): Promise<void> {
      self.daemon = createDaemon(
        {
          clock,
          random: nodeRandom(),
          files: { ...nodeFiles(), freeBytes: async () => self.freeBytes },
          storage: createLevelStorage(join(home, 'state')),
          process: { pid: 1, rssBytes: () => 0, exit: () => {} },
          dialer: link.dialer,
          log: (line) => lines.push(line),
          identity: async () => self.identity,
          version: 'test',
        },
        config,
      );
      await self.daemon.start();
    },
    add: (name: string, content: string, priority = 5) =>
      self.daemon.aboard.add(
        { name: nameFromBytes(Buffer.from(name)), priority },
        (async function* () {
          yield Buffer.from(content);
        })(),
      ),
    states: async () => {
      const states: Record<string, number> = {};
      for (const { state } of (await self.daemon.aboard.uploads.list({ limit: 1000 })).items)
        states[String(state)] = (states[String(state)] ?? 0) + 1;
      return states;
    },
    connection: async () => (await self.daemon.aboard.status()).connection as Record<string, unknown>,
    /** The worker ashore: indexes everything that is stored. */
    async index(): Promise<void> {
      for (let job = shore.cloud.takeJob(); job; job = shore.cloud.takeJob()) {
        const work = await shore.cloud.store.takeIndexWork(job.documentId, job.version);
        if (work) await shore.cloud.store.recordIndexed(work, { passages: ['text'], reason: '' });
      }
    },
    /** Lets time pass in steps, with room for real disk work between, until something holds. */
    async until(holds: () => Promise<boolean> | boolean, stepMs = 50, stepsMax = 4_000): Promise<void> {
      for (let step = 0; !(await holds()); step++) {
        if (step === stepsMax)
          throw new Error(`it did not come to hold within ${stepMs * stepsMax} ms of held time`);
        await clock.advance(stepMs);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
  };
  onTestFinished(() => self.daemon?.stop());
  return self;
}

describe('the daemon', () => {
  test('a day offline while fifty documents arrive: all are queued, none fails, all are delivered after', async () => {
    const ship = await voyage({ 'files.rescan': '1h' });
    ship.link.isDown = true;
    await ship.boot();
    const arrived = ship.clock.monotonicMs();
    for (let i = 0; i < 25; i++) await ship.add(`added-${i}.txt`, `document ${i}`);
    for (let i = 0; i < 25; i++) await writeFile(join(ship.scans, `scan-${i}.txt`), `scan ${i}`);
    await ship.until(() => ship.clock.monotonicMs() - arrived >= 24 * hourMs, 120_000);
    await ship.until(async () => (await ship.states()).sending === 50, 1_000);
    // It never gave up, and no wait was longer than the cap.
    let waits: number[] = [];
    await ship.until(async () => {
      const { dials } = ship.link;
      waits = [];
      const records = { actor: 'connection/main', limit: 100_000 };
      for await (const { event } of ship.daemon.aboard.host.history(records))
        if (event.type === 'line.failed') waits.push(Number(event.delayMs));
      return waits.length === dials && ship.link.dials === dials;
    }, 100);
    expect(waits.length).toBeGreaterThan(24);
    expect(Math.max(...waits)).toBeLessThanOrEqual(120_000);
    const page = await ship.daemon.aboard.uploads.list({ limit: 100 });
    for (const { attempts, errors, why } of page.items)
      expect([attempts, errors, why]).toEqual([0, [], expect.stringContaining('connection')]);

    ship.link.isDown = false;
    const back = ship.clock.monotonicMs();
    await ship.until(async () => (await ship.states()).stored === 50, 100);
    expect(ship.clock.monotonicMs() - back).toBeLessThan(180_000);
    await ship.index();
    await ship.until(async () => (await ship.states()).indexed === 50);
    expect(await readdir(join(ship.home, 'state', 'spool'))).toEqual([]);
  });

  test('features go off when the link goes and return with it; what was sent and saved is told', async () => {
    const ship = await voyage({ 'cost.per_gb': '50USD' });
    ship.link.isDown = true;
    await ship.boot();
    const off = async () =>
      ((await ship.daemon.aboard.status()).features as { id: string; available: boolean }[])
        .filter(({ available }) => !available)
        .map(({ id }) => id);
    const line = async () =>
      ((await ship.daemon.aboard.status()).components as Record<string, unknown>[])[0]!;
    await ship.until(async () => (await line()).name === 'disconnected');
    expect(await off()).toEqual(['sending', 'search', 'notices']);
    expect(await line()).toMatchObject({ host: '127.0.0.1', port: 8080, lastSuccessfulRequestMs: null });
    expect(Number((await line()).attempts)).toBeGreaterThan(0);
    await ship.add('a.txt', 'x'.repeat(50_000));
    ship.link.isDown = false;
    await ship.until(async () => (await ship.states()).stored === 1);
    expect(await off()).toEqual([]);
    expect((await line()).lastSuccessfulRequestMs).toBeGreaterThan(0);
    const { total, currency } = (await ship.daemon.aboard.costs()) as Record<string, Record<string, number>>;
    expect(currency).toBe('USD');
    expect(total).toMatchObject({ documentsStored: 1 });
    expect(total!.wireBytes).toBeGreaterThan(50_000);
    expect(total!.spentMicros).toBe(Math.round(total!.wireBytes! * 0.05));
    expect((await ship.daemon.aboard.status()).sent).toEqual({ wireBytes: total!.wireBytes, documents: 1 });
  });

  test('two hundred files dropped at once settle side by side and leave together', async () => {
    const ship = await voyage({ 'files.rescan': '1s' });
    await ship.boot();
    await ship.until(async () => (await ship.connection()).name === 'connected');
    for (let i = 0; i < 200; i++) await writeFile(join(ship.scans, `page-${i}.txt`), `page ${i}`);
    const dropped = ship.clock.monotonicMs();
    await ship.until(async () => (await ship.states()).stored === 200, 20, 4_000);
    // Held time runs ahead of the disk here; one after the other would take 100 s of it.
    expect(ship.clock.monotonicMs() - dropped).toBeLessThan(60_000);
  });

  test('a ceiling set by hand is in the status, holds over a restart, and goes with auto', async () => {
    const ship = await voyage();
    await ship.boot();
    await ship.daemon.aboard.throttle('500kbit', 'anna');
    await ship.daemon.stop();
    await ship.boot();
    const { throttle, line } = (await ship.daemon.aboard.status()) as Record<string, unknown>;
    expect(throttle).toMatchObject({ bytesPerSecond: 62_500, from: 'hand', by: 'anna' });
    expect(line).toMatchObject({ ceilingBytesPerSecond: 62_500 });
    expect(await ship.daemon.aboard.throttle('auto', 'anna')).toMatchObject({ bytesPerSecond: null });
  });

  test('an unenrolled device waits, says so, and goes online after enrolling without a restart', async () => {
    const ship = await voyage();
    const { identity } = ship;
    ship.identity = undefined;
    await ship.boot();
    await ship.add('a.txt', 'a');
    await ship.until(async () => (await ship.connection()).state === 'refused');
    expect((await ship.connection()).lastError).toMatchObject({ code: 'TENDER_NOT_ENROLLED' });
    expect(ship.link.dials).toBe(0);
    ship.identity = identity;
    await ship.daemon.aboard.connect('reconnect', 'enrol');
    await ship.until(async () => (await ship.states()).stored === 1);
  });

  test('a file that changes after it was stored is the next version; the same content again is none', async () => {
    const ship = await voyage({ 'files.rescan': '5s' });
    const path = join(ship.scans, 'log.txt');
    await writeFile(path, 'one');
    await ship.boot();
    await ship.until(async () => (await ship.states()).stored === 1);
    await writeFile(path, 'one and two');
    await ship.until(async () => (await ship.states()).stored === 2);
    // Touched, not changed: read again, compared with the head, not sent.
    await writeFile(path, 'one and two');
    await ship.until(async () => (await ship.states()).cancelled === 1);
    const versions = (await ship.daemon.aboard.uploads.list({ limit: 10 })).items;
    expect(versions.map(({ version, state, cancelReason }) => [version, state, cancelReason]).sort()).toEqual(
      [
        [1, 'stored', null],
        [2, 'stored', null],
        [3, 'cancelled', 'unchanged'],
      ],
    );
  });

  test('a broken log is rebuilt; nothing is accepted before the cloud has said what it has; versions go on from there', async () => {
    const ship = await voyage();
    await ship.boot();
    await ship.add('a.txt', 'first');
    await writeFile(join(ship.scans, 'b.txt'), 'scan');
    await ship.until(async () => (await ship.states()).stored === 2);
    await ship.daemon.stop();
    const log = join(ship.home, 'state', 'log');
    for (const name of await readdir(log))
      if (name.endsWith('.log') || name.endsWith('.ldb'))
        await writeFile(join(log, name), new Uint8Array(100).fill(7));
    ship.link.isDown = true;
    await ship.boot();
    expect(ship.lines.find((line) => line.code === 'TENDER_LOG_BROKEN')?.message).toContain('rebuilt');
    await expect(ship.add('a.txt', 'second')).rejects.toMatchObject({ code: 'TENDER_INVENTORY_OWED' });
    // The debt survives a restart.
    await ship.daemon.stop();
    await ship.boot();
    expect((await ship.daemon.aboard.status()).inventoryOwed).toBe(true);
    ship.link.isDown = false;
    await ship.until(async () => (await ship.daemon.aboard.status()).inventoryOwed === false, 1_000);
    const id = await ship.add('a.txt', 'second');
    expect(await ship.daemon.aboard.uploads.get(id)).toMatchObject({ version: 2 });
    await ship.until(async () => String((await ship.daemon.aboard.uploads.get(id)).state) === 'stored');
    // The watched file is ashore already: known from the inventory, compared, not sent again.
    const scans = (await ship.daemon.aboard.uploads.list({ limit: 10 })).items.filter((item) =>
      String(item.name).startsWith('scans/'),
    );
    expect(scans.filter((item) => item.state === 'stored' && item.version !== 1)).toEqual([]);
  });

  test('a number that the cloud gave to something else: the inventory is taken, and the file goes as the next one', async () => {
    const ship = await voyage({ 'files.rescan': '5s' });
    const { store } = ship.shore.cloud;
    const { tenantId, deviceId } = ship.shore;
    const offer = { ...offerOf('by an earlier log'), name: 'scans/log.txt', version: 1 };
    await storeDocument(store, { tenantId, deviceId, epoch: 0 }, offer, 'something else');
    await writeFile(join(ship.scans, 'log.txt'), 'ours');
    await ship.boot();
    await ship.until(async () => (await ship.states()).stored === 1);
    const uploads = (await ship.daemon.aboard.uploads.list({ limit: 10 })).items;
    expect(uploads.map(({ version, state }) => [version, state]).sort()).toEqual([
      [1, 'cancelled'],
      [2, 'stored'],
    ]);
  });

  test('stopping writes everything down: the next start folds nothing and goes on where it was', async () => {
    const ship = await voyage();
    ship.link.isDown = true;
    await ship.boot();
    for (let i = 0; i < 20; i++) await ship.add(`${i}.txt`, `${i}`);
    await ship.daemon.stop();
    await expect(ship.add('late.txt', 'x')).rejects.toMatchObject({ code: 'TENDER_AGENT_STOPPING' });
    ship.lines.length = 0;
    ship.link.isDown = false;
    await ship.boot();
    expect(ship.lines.find((line) => line.message === 'The log is open.')).toMatchObject({
      replayed: 0,
      clean: true,
      boot: 2,
    });
    await ship.until(async () => (await ship.states()).stored === 20);
  });

  test('bytes that reached the spool but not the log are taken up at the next start', async () => {
    const ship = await voyage();
    ship.link.isDown = true;
    await ship.boot();
    const id = await ship.add('a.txt', 'kept');
    const spool = join(ship.home, 'state', 'spool');
    const orphan = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
    await writeFile(join(spool, `${orphan}.bytes`), await readFile(join(spool, `${id}.bytes`)));
    const about = JSON.parse(await readFile(join(spool, `${id}.about`), 'utf8')) as object;
    await writeFile(join(spool, `${orphan}.about`), JSON.stringify({ ...about, name: 'orphan.txt' }));
    await ship.daemon.stop();
    await ship.boot();
    await ship.until(async () => (await ship.states()).sending === 2);
    expect(await ship.daemon.aboard.uploads.get(orphan)).toMatchObject({
      name: 'added/orphan.txt',
      state: 'sending',
    });
  });

  test('a full disk stops what comes in and says so; when there is room again it resumes by itself', async () => {
    const ship = await voyage();
    ship.link.isDown = true;
    await ship.boot();
    const first = await ship.add('a.txt', 'a');
    ship.freeBytes = 1_000;
    await expect(ship.add('b.txt', 'b')).rejects.toMatchObject({ code: 'TENDER_DISK_FULL' });
    expect(await ship.daemon.aboard.status()).toMatchObject({
      degradation: 'critical',
      queue: { accepting: false, states: { sending: 1 } },
      log: { writing: 'open' },
    });
    // What is queued goes on: delivering is what makes room.
    ship.link.isDown = false;
    await ship.until(
      async () => String((await ship.daemon.aboard.uploads.get(first)).state) === 'stored',
      100,
    );
    ship.freeBytes = 1e12;
    await ship.add('b.txt', 'b');
    expect(await ship.daemon.aboard.status()).toMatchObject({ queue: { accepting: true } });
  });
});
