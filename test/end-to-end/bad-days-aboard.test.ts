// Bad days on the yacht's own machine: a second agent, a typo, a full disk, a broken log, a clock that is years off. Each
// says what happened and what to do, harms nothing else and loses nothing.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { noise } from './support/content.ts';
import { expectAshore, expectDelivered } from './support/delivered.ts';
import { holdShip } from './support/held-ship.ts';
import { runCommand } from './support/program.ts';
import { commission, type Ship } from './support/ship.ts';
import { openShore, type Shore } from './support/shore.ts';
import { cannotMount, type SmallDisk, smallDisk } from './support/small-disk.ts';
import { until } from './support/until.ts';
import { openWire, type Wire } from './support/wire.ts';

let shore: Shore;
beforeAll(async () => {
  shore = await openShore();
});
afterAll(() => shore?.close());

async function wire(): Promise<Wire> {
  const way = await openWire(shore.port);
  onTestFinished(() => way.close());
  return way;
}

/** Adds so many documents and answers what they hold. */
async function load(ship: Ship, count: number, seed: string): Promise<Map<string, Buffer>> {
  const cargo = new Map<string, Buffer>();
  for (let at = 0; at < count; at++) {
    const bytes = noise(`${seed} ${at}`, 3_000 + at);
    await ship.add(`${seed}-${at}.bin`, bytes);
    cargo.set(`added/${seed}-${at}.bin`, bytes);
  }
  return cargo;
}

describe('a bad day aboard', () => {
  test('a second agent on the same directory ends at once and says why; the first one does not notice', async () => {
    const ship = await commission(shore, shore.url);
    await ship.start();
    const second = await runCommand('agent', ['agent', ...ship.options]);
    expect(second.exit).toBe(75);
    expect(second.lines.at(-1)).toMatchObject({ code: 'TENDER_STATE_LOCKED' });
    expect(String(second.lines.at(-1)?.message)).toContain(`process ${ship.agent.pid}`);
    await expectDelivered(shore, ship, await load(ship, 2, 'second'));
  });

  test('a typo in the configuration: exit 78, the name that was meant, and nothing started', async () => {
    const ship = await commission(shore, shore.url);
    const flag = await runCommand('agent', ['agent', ...ship.options, '--set', 'link.retry_bse=2s']);
    expect(flag.exit).toBe(78);
    expect(flag.lines.at(-1)).toMatchObject({ code: 'TENDER_CONFIG_INVALID' });
    expect(String(flag.lines.at(-1)?.message)).toContain('Did you mean link.retry_base?');
    const file = join(ship.home, 'tender.toml');
    await writeFile(file, '[files]\nresacn = "5s"\n');
    const fromFile = await runCommand('agent', ['agent', ...ship.options, '--config', file]);
    expect(fromFile.exit).toBe(78);
    expect(String(fromFile.lines.at(-1)?.message)).toContain('Did you mean files.rescan?');
    expect(await readdir(ship.state)).not.toContain('log');
    const cloud = await runCommand('cloud', ['--data', ship.home, '--set', 'worker_pol=1s']);
    expect(cloud.exit).toBe(78);
    expect(String(cloud.lines.at(-1)?.message)).toContain('did you mean worker_poll?');
  });

  test('a clock that is years off, either way: the cloud says the time, and everything is delivered', async () => {
    const yearMs = 365 * 86_400_000;
    for (const wallMs of [-5_000, 0, Date.now() - 9 * yearMs, Date.now() + 30 * yearMs]) {
      const ship = await commission(shore, shore.url);
      const held = await holdShip(ship, wallMs);
      held.run();
      const bytes = noise(`clock ${wallMs}`, 40_000);
      await held.add('log.bin', bytes);
      await ship.put('scan.bin', bytes.subarray(7));
      const cargo = new Map([
        ['added/log.bin', bytes],
        ['scans/scan.bin', bytes.subarray(7)],
      ]);
      await expectDelivered(shore, held, cargo);
      // Once corrected, never refused again.
      expect(await shore.epoch(ship.deviceId)).toBe(1);
    }
  });

  test('one flipped byte in the closed log: set aside as evidence, rebuilt, and everything is delivered once', async () => {
    for (const part of [0.05, 0.5, 0.98]) {
      const way = await wire();
      const ship = await commission(shore, way.url);
      await ship.start();
      const cargo = await load(ship, 5, 'before');
      await expectDelivered(shore, ship, cargo);
      way.refuse();
      for (const [name, bytes] of await load(ship, 5, 'waiting')) cargo.set(name, bytes);
      await ship.put('scan.bin', noise('scan', 9_000));
      cargo.set('scans/scan.bin', noise('scan', 9_000));
      await until('the scan to be queued', async () => (await ship.uploads()).length === 11);
      await ship.agent.stop();
      await flipByte(join(ship.state, 'log'), part);
      await ship.start();
      expect(ship.agent.log()).toContain('TENDER_LOG_BROKEN');
      const [evidence] = await readdir(join(ship.state, 'quarantine'));
      expect(await readdir(join(ship.state, 'quarantine', evidence!))).toContain('reason.txt');
      const early = await ship.add('early.bin', Buffer.from('x')).catch((error: Error) => error);
      expect(early).toMatchObject({ code: 'TENDER_INVENTORY_OWED' });
      way.light();
      // What the log forgot aboard, the spool, the folder and the cloud still knew.
      await expectAshore(shore, ship, cargo);
      await until('the agent to take documents again', async () => !(await ship.status()).inventoryOwed);
      cargo.set('added/late.bin', noise('late', 5_000));
      await ship.add('late.bin', noise('late', 5_000));
      await expectAshore(shore, ship, cargo);
      await until('nothing to be left over aboard', async () =>
        (await ship.uploads()).every(
          ({ state, cancelReason }) => state === 'indexed' || cancelReason === 'unchanged',
        ),
      );
    }
  });

  test('a disk that fills up: adding is refused with a sentence, and goes on by itself when there is room', async ({
    skip,
  }) => {
    const disk = await mounted(24);
    if (!disk) return skip(cannotMount);
    const way = await wire();
    const ship = await commission(shore, way.url, {
      home: disk.path,
      settings: ['spool.free_min=6MB'],
    });
    await ship.start();
    const cargo = await load(ship, 3, 'room');
    await disk.fill(5_000_000);
    const refused = await ship.add('late.bin', noise('late', 50_000)).catch((error: Error) => error);
    expect(refused).toMatchObject({ code: 'TENDER_DISK_FULL' });
    expect(String((refused as Error).message)).toMatch(/Free some space/);
    expect((await ship.status()).queue.accepting).toBe(false);
    await expectDelivered(shore, ship, cargo);
    await disk.free();
    for (const [name, bytes] of await load(ship, 2, 'again')) cargo.set(name, bytes);
    await expectDelivered(shore, ship, cargo);
    expect(ship.agent.alive).toBe(true);
  });

  test('not one byte left for the log: nothing is promised meanwhile, and the same agent recovers alone', async ({
    skip,
  }) => {
    const disk = await mounted(24);
    if (!disk) return skip(cannotMount);
    const way = await wire();
    const ship = await commission(shore, way.url, { home: disk.path, settings: ['files.rescan=1s'] });
    await ship.start();
    const cargo = await load(ship, 3, 'room');
    await expectDelivered(shore, ship, cargo);
    await disk.fill(0);
    // Anything that must be written down will do.
    let word = 0;
    await until('the log to notice', async () => {
      word += 1;
      void ship.api.post(`/v1/connection/${word % 2 ? 'stop' : 'start'}`, { by: 'test' }).catch(() => {});
      return (await writing(ship)) !== 'open';
    });
    const refused = await ship.add('late.bin', Buffer.from('late')).catch((error: Error) => error);
    expect(refused).toBeInstanceOf(Error);
    await disk.free();
    await until('the log to be open again', async () => (await writing(ship)) === 'open');
    await ship.api.post('/v1/connection/start', { by: 'test' });
    for (const [name, bytes] of await load(ship, 2, 'again')) cargo.set(name, bytes);
    await expectDelivered(shore, ship, cargo);
    expect(ship.agent.alive).toBe(true);
  });
});

/** While the log is being opened again, asking says only that. */
async function writing(ship: Ship): Promise<string> {
  try {
    return (await ship.status()).log.writing;
  } catch (error) {
    expect(error).toMatchObject({ code: 'TENDER_LOG_WRITE_FAILED' });
    return 'reopening';
  }
}

async function mounted(megabytes: number): Promise<SmallDisk | undefined> {
  const disk = await smallDisk(megabytes);
  // Registered first, so that it runs last: when the agent on it has ended.
  if (disk) onTestFinished(() => disk.unmount());
  return disk;
}

/** Flips a byte at this part of LevelDB's newest write-ahead file. */
async function flipByte(log: string, part: number): Promise<void> {
  const names = (await readdir(log)).filter((name) => /\.(log|ldb)$/.test(name));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(log, name))).size));
  const name = names[sizes.indexOf(Math.max(...sizes))]!;
  const bytes = await readFile(join(log, name));
  const at = Math.floor(bytes.length * part);
  bytes[at] = bytes[at]! ^ 0x10;
  await writeFile(join(log, name), bytes);
}
