// kill -9 of the agent wherever it hurts: while it reads and cuts, between the cloud's receipt and its own log, while it
// recovers, and at moments nobody chose. Whatever was accepted is ashore once in the end, with a receipt that holds.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { frameTypes } from '../../cloud/contract/frames.ts';
import { FakeRandom } from '../support/fake-random.ts';
import { noise } from './support/content.ts';
import { expectDelivered } from './support/delivered.ts';
import { commission, type Ship } from './support/ship.ts';
import { openShore, type Shore } from './support/shore.ts';
import { until } from './support/until.ts';
import { openWire, type Wire } from './support/wire.ts';

let shore: Shore;
beforeAll(async () => {
  shore = await openShore();
});
afterAll(() => shore?.close());

async function underWay(...settings: string[]): Promise<{ way: Wire; ship: Ship }> {
  const way = await openWire(shore.port);
  onTestFinished(() => way.close());
  const ship = await commission(shore, way.url, { settings });
  return { way, ship };
}

const kill = (ship: Ship): void => void process.kill(ship.agent.pid, 'SIGKILL');

describe('the agent killed', () => {
  test('while it cuts a file into chunks, again and again: the file goes through once', async () => {
    const { way, ship } = await underWay('link.rate_max=8MB/s');
    const bytes = noise('chunking', 5_000_000);
    await ship.start();
    await ship.put('log.bin', bytes);
    for (let kills = 0; kills < 6; kills++) {
      way.insideFrameAfter(400_000 + kills * 50_000, () => kill(ship));
      expect(await ship.agent.ended).toBe('SIGKILL');
      await ship.start();
    }
    await expectDelivered(shore, ship, new Map([['scans/log.bin', bytes]]));
  });

  test('while a file settles, before a byte has left: it is found again', async () => {
    const { ship } = await underWay();
    const cargo = new Map<string, Buffer>();
    for (let at = 0; at < 4; at++) {
      await ship.start();
      const bytes = noise(`settling ${at}`, 200_000);
      cargo.set(`scans/${at}.bin`, bytes);
      await ship.put(`${at}.bin`, bytes);
      await until('the file to be seen', async () =>
        (await ship.uploads()).some(({ name }) => name === `scans/${at}.bin`),
      );
      kill(ship);
      await ship.agent.ended;
    }
    await ship.start();
    await expectDelivered(shore, ship, cargo);
  });

  test('between the receipt and the log: stored once ashore, and the receipt comes again', async () => {
    const { way, ship } = await underWay();
    const cargo = new Map<string, Buffer>();
    // Before the receipt reaches it, as it arrives, and in the milliseconds in which it is being written down.
    for (const [at, afterMs] of [undefined, 0, 1, 2, 4, 8].entries()) {
      await ship.start();
      // The receipt of the one before comes again first.
      await until('the queue to be empty', async () =>
        (await ship.uploads()).every((upload) => upload.state === 'indexed'),
      );
      await ship.untilConnected();
      const bytes = noise(`receipt ${at}`, 50_000 + at);
      cargo.set(`added/${at}.bin`, bytes);
      way.whenShoreSays(frameTypes.RECEIPT, () => {
        if (afterMs === undefined) kill(ship);
        else setTimeout(() => kill(ship), afterMs);
      });
      // The receipt may overtake the answer on the socket; what has a receipt was accepted.
      await ship.add(`${at}.bin`, bytes).catch(() => {});
      expect(await ship.agent.ended).toBe('SIGKILL');
    }
    await ship.start();
    await expectDelivered(shore, ship, cargo);
  });

  test('while it recovers, and while it recovers from that: nothing of the queue is lost or doubled', async () => {
    const { way, ship } = await underWay();
    way.refuse();
    const cargo = new Map<string, Buffer>();
    await ship.start();
    for (let at = 0; at < 40; at++) {
      const bytes = noise(`queue ${at}`, 2_000 + at);
      cargo.set(`added/${at}.bin`, bytes);
      await ship.add(`${at}.bin`, bytes);
    }
    kill(ship);
    await ship.agent.ended;
    const lock = join(ship.state, 'agent.lock');
    for (let kills = 0; kills < 10; kills++) {
      // The lock of the last one is stale; it goes so that the next one shows when it begins.
      await rm(lock, { force: true });
      const agent = ship.launch();
      await until('the agent to begin', () => existsSync(lock));
      await sleep(kills * 12);
      await agent.kill();
    }
    way.light();
    await ship.start();
    await expectDelivered(shore, ship, cargo);
  });

  test('at random moments of a busy hour: every document that was accepted is delivered', async () => {
    const { way, ship } = await underWay('link.rate_max=10MB/s');
    const random = new FakeRandom(7, 'kills');
    const offered = new Map<string, Buffer>();
    const accepted = new Set<string>();
    await ship.start();
    for (let kills = 0; kills < 8; kills++) {
      // Not before it has accepted something: a busy machine may need all of that time for its first answer.
      const first = ship.add(`${kills}-first.bin`, noise(`${kills}-first.bin`, 2_000));
      offered.set(`added/${kills}-first.bin`, noise(`${kills}-first.bin`, 2_000));
      accepted.add((await first).name);
      const moment = sleep(50 + random.unit() * 450).then(() => kill(ship));
      for (let at = 0; ship.agent.alive && at < 20; at++) {
        const name = `${kills}-${at}.bin`;
        const bytes = noise(name, Math.floor(1_000 + random.unit() * 300_000));
        offered.set(`added/${name}`, bytes);
        await ship.add(name, bytes).then(
          (upload) => accepted.add(upload.name),
          () => {}, // it died before it could answer
        );
      }
      await moment;
      await ship.agent.ended;
      if (kills % 3 === 0) way.reset();
      await ship.start();
    }
    // Bytes that were whole in the spool when the answer was lost are taken up, which adding waits for: kept too, only
    // nobody heard.
    offered.set('added/last.bin', noise('last', 1_000));
    await ship.add('last.bin', noise('last', 1_000));
    const taken = new Set((await ship.uploads()).map(({ name }) => name));
    expect([...accepted].filter((name) => !taken.has(name))).toEqual([]);
    const cargo = new Map([...offered].filter(([name]) => taken.has(name)));
    await expectDelivered(shore, ship, cargo, 120_000);
  });
});
