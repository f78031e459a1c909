// A file changes, with real processes, PostgreSQL, LevelDB, sockets and files: what changed travels, also after the agent was killed.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { noise } from './support/content.ts';
import { expectDelivered } from './support/delivered.ts';
import { commission } from './support/ship.ts';
import { openShore, type Shore } from './support/shore.ts';
import { until } from './support/until.ts';
import { openWire } from './support/wire.ts';

let shore: Shore;
beforeAll(async () => {
  shore = await openShore();
});
afterAll(() => shore?.close());

const inserted = (base: Buffer, at: number, bytes: Buffer) =>
  Buffer.concat([base.subarray(0, at), bytes, base.subarray(at)]);

/** The new bytes, TLS-less frames, and the upgrade of lanes opened meanwhile. */
const withFrames = (bytes: number): number => bytes * 1.02 + 12_000;

test('a changed file sends what changed; a life later, too', async () => {
  const way = await openWire(shore.port);
  onTestFinished(() => way.close());
  const ship = await commission(shore, way.url);
  await ship.start();
  await ship.untilConnected();
  const name = 'added/chart.bin';
  const first = noise('chart', 6_000_000);
  const versions = [first];
  await ship.add('chart.bin', first);
  await expectDelivered(shore, ship, new Map([[name, versions]]));

  let before = way.counters().upBytes;
  versions.push(inserted(first, 2_500_000, noise('change', 10_000)));
  await ship.add('chart.bin', versions[1]!);
  await expectDelivered(shore, ship, new Map([[name, versions]]));
  expect(way.counters().upBytes - before).toBeLessThan(withFrames(10_000));

  await ship.agent.kill();
  await ship.start();
  await ship.untilConnected();
  before = way.counters().upBytes;
  versions.push(inserted(versions[1]!, 5_000_000, noise('again', 5_000)));
  await ship.add('chart.bin', versions[2]!);
  await expectDelivered(shore, ship, new Map([[name, versions]]));
  expect(way.counters().upBytes - before).toBeLessThan(withFrames(5_000));
  await until('all three to have ended', async () => (await ship.uploads()).length === 3);
}, 60_000);
