// kill -9 ashore: the API in mid-upload, the worker in mid-index, PostgreSQL under both, and everything at once. A yacht
// notices little, and in the end every document is there once, indexed and told once.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
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

async function underWay(...settings: string[]) {
  const way = await openWire(shore.port);
  onTestFinished(() => way.close());
  const ship = await commission(shore, way.url, { settings });
  await ship.start();
  await ship.untilConnected();
  return { way, ship };
}

/** Processes that a process started. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').filter(Boolean).map(Number);
}

describe('killed ashore', () => {
  test('the API, three times in one upload: what was acknowledged is there, what was not comes again', async () => {
    const { way, ship } = await underWay('link.rate_max=8MB/s');
    const bytes = noise('api', 6_000_000);
    await ship.add('chart.bin', bytes);
    for (let kills = 0; kills < 3; kills++) {
      const { api } = shore.running;
      way.insideFrameAfter(1_000_000, () => process.kill(api!.pid, 'SIGKILL'));
      expect(await api!.ended).toBe('SIGKILL');
      await shore.start('api');
    }
    await expectDelivered(shore, ship, new Map([['added/chart.bin', bytes]]));
  });

  test('the worker in mid-index: another takes over, and the yacht is told once', async () => {
    const { ship } = await underWay();
    const bytes = Buffer.from('<p>deck log &amp; more</p>'.repeat(300_000));
    await ship.add('long.html', bytes);
    const worker = shore.running.worker!;
    await until('a reader at work', () => childrenOf(worker.pid).length > 0);
    await worker.kill();
    const next = await shore.start('worker');
    await expectDelivered(shore, ship, new Map([['added/long.html', bytes]]));
    expect(next.log()).toContain('worker.unlocked');
  });

  test('PostgreSQL in mid-upload: both halves heal, and the upload goes on', async () => {
    const { way, ship } = await underWay('link.rate_max=8MB/s');
    const cargo = new Map<string, Buffer>();
    for (let at = 0; at < 3; at++) cargo.set(`added/${at}.bin`, noise(`postgres ${at}`, 2_000_000));
    const pid = await shore.postgresPid();
    let isKilled = false;
    way.insideFrameAfter(2_500_000, () => {
      process.kill(pid, 'SIGKILL');
      isKilled = true;
    });
    for (const [name, bytes] of cargo) await ship.add(name.slice('added/'.length), bytes);
    await until('PostgreSQL to be killed', () => isKilled);
    await until('another to take its place', async () => (await shore.postgresPid()) !== pid);
    await expectDelivered(shore, ship, cargo, 60_000);
  });

  test('everything at once, and the agent too: all start again, and nothing is missing', async () => {
    const { way, ship } = await underWay('link.rate_max=8MB/s');
    const cargo = new Map<string, Buffer>();
    for (let at = 0; at < 4; at++) cargo.set(`added/${at}.bin`, noise(`all ${at}`, 1_000_000));
    const { api, worker } = shore.running;
    const agent = ship.agent;
    const pids = [await shore.postgresPid(), api!.pid, worker!.pid, agent.pid];
    for (const [name, bytes] of cargo) await ship.add(name.slice('added/'.length), bytes);
    way.insideFrameAfter(500_000, () => {
      for (const pid of pids) process.kill(pid, 'SIGKILL');
    });
    await Promise.all([api!.ended, worker!.ended, agent.ended]);
    await Promise.all([shore.start('api'), shore.start('worker'), ship.start()]);
    await expectDelivered(shore, ship, cargo, 60_000);
  });
});
