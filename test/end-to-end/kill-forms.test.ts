// kill -9 at both ends, PostgreSQL gone, no room ashore, while documents travel in other forms than as they are: many in packs,
// compressed, as what changed of an older version. What comes out is what went in, once.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { noise } from './support/content.ts';
import { type Cargo, expectDelivered } from './support/delivered.ts';
import { commission, type Ship } from './support/ship.ts';
import { openShore, type Shore } from './support/shore.ts';
import { cannotMount, type SmallDisk, smallDisk } from './support/small-disk.ts';
import { until } from './support/until.ts';
import { openWire, type Wire } from './support/wire.ts';

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

async function underWay(...settings: string[]): Promise<{ way: Wire; ship: Ship }> {
  const way = await openWire(shore.port);
  onTestFinished(() => way.close());
  const ship = await commission(shore, way.url, { settings });
  await ship.start();
  await ship.untilConnected();
  return { way, ship };
}

/** Text that shrinks to about half, and no two of them alike. */
const prose = (seed: string, lengthBytes: number) =>
  Buffer.from(noise(seed, Math.ceil(lengthBytes / 2)).toString('hex')).subarray(0, lengthBytes);

/** Hands over small documents one behind the other, as far as somebody is there to take them; answers what was taken. */
async function addSmall(ship: Ship, seed: string, count: number): Promise<Map<string, Buffer>> {
  const taken = new Map<string, Buffer>();
  for (let at = 0; at < count; at++) {
    const name = `${seed}-${at}.txt`;
    const bytes = at % 2 ? noise(name, 3_000 + at) : prose(name, 5_000 + at);
    await ship.add(name, bytes);
    taken.set(`added/${name}`, bytes);
  }
  return taken;
}

async function killAgent(way: Wire, ship: Ship, moreBytes: number): Promise<void> {
  way.insideFrameAfter(moreBytes, () => process.kill(ship.agent.pid, 'SIGKILL'));
  expect(await ship.agent.ended).toBe('SIGKILL');
  await ship.start();
}

async function killApi(way: Wire, moreBytes: number): Promise<void> {
  const api = shore.running.api!;
  way.insideFrameAfter(moreBytes, () => process.kill(api.pid, 'SIGKILL'));
  expect(await api.ended).toBe('SIGKILL');
  await shore.start('api');
}

describe('killed', () => {
  test('while packs are on their way, agent and API by turns: each small document is there once', async () => {
    const { way, ship } = await underWay('link.rate_max=200KB/s');
    way.refuse();
    const cargo = await addSmall(ship, 'pack', 120);
    way.light();
    for (const bytes of [10_000, 20_000, 35_000]) {
      await killAgent(way, ship, bytes);
      await killApi(way, bytes);
    }
    await expectDelivered(shore, ship, cargo, 60_000);
  }, 120_000);

  test('while a document travels compressed: not a byte of another form is mixed in', async () => {
    const { way, ship } = await underWay('link.rate_max=1MB/s');
    const bytes = prose('long', 5_000_000);
    await ship.add('long.txt', bytes);
    for (const more of [200_000, 410_000, 305_000]) {
      await killAgent(way, ship, more);
      await killApi(way, more);
    }
    await expectDelivered(shore, ship, new Map([['added/long.txt', bytes]]), 60_000);
  }, 120_000);

  test('while what changed of a file travels: patches and copies come together with what was there', async () => {
    const { way, ship } = await underWay('link.rate_max=400KB/s');
    const first = noise('chart', 4_000_000);
    const versions = [first];
    const cargo: Cargo = new Map([['added/chart.bin', versions]]);
    await ship.add('chart.bin', first);
    await expectDelivered(shore, ship, cargo, 60_000);
    const changes = [400_000, 1_700_000, 1_710_000, 3_000_000].map((at, n) => ({
      at,
      bytes: noise(`change ${n}`, 60_000),
    }));
    let from = 0;
    const pieces: Buffer[] = [];
    for (const { at, bytes } of changes) {
      pieces.push(first.subarray(from, at), bytes);
      from = at;
    }
    versions.push(Buffer.concat([...pieces, first.subarray(from)]));
    const before = way.counters().upBytes;
    await ship.add('chart.bin', versions[1]!);
    await killAgent(way, ship, 40_000);
    await killApi(way, 40_000);
    await killAgent(way, ship, 20_000);
    await expectDelivered(shore, ship, cargo, 60_000);
    // Less than half of the whole went, whoever died.
    expect(way.counters().upBytes - before).toBeLessThan(1_500_000);
  }, 120_000);
});

test('PostgreSQL gone while packs are stored: all come through when it is back', async () => {
  const { way, ship } = await underWay('link.rate_max=300KB/s');
  const pid = await shore.postgresPid();
  let isKilled = false;
  way.insideFrameAfter(60_000, () => {
    process.kill(pid, 'SIGKILL');
    isKilled = true;
  });
  const cargo = await addSmall(ship, 'rows', 60);
  await until('PostgreSQL to be killed', () => isKilled);
  await until('another to take its place', async () => (await shore.postgresPid()) !== pid, 60_000);
  await expectDelivered(shore, ship, cargo, 60_000);
}, 120_000);

test('no room ashore for packs: the yacht waits, and delivers when there is room again', async ({ skip }) => {
  if (!disk) return skip(cannotMount);
  const { ship } = await underWay();
  await disk.fill(20_000);
  onTestFinished(() => disk?.free());
  const cargo = await addSmall(ship, 'room', 40);
  const waiting = await until('the shore to say that it is full', async () =>
    (await ship.uploads()).find(({ errors }) => (errors as unknown[]).length > 0),
  );
  expect((waiting.errors as { code: string }[])[0]).toMatchObject({ code: 'TENDER_BLOB_STORE_FULL' });
  for (const upload of await ship.uploads()) if (upload.state !== 'indexed') expect(upload.final).toBe(false);
  await disk.free();
  await expectDelivered(shore, ship, cargo, 60_000);
}, 120_000);
