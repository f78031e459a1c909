import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { digest } from '../../machines/kernel.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { collect, hostOn, spooled, until, uploadId, watched } from './support.ts';

/** A log with some history; closed in an orderly way or left as a kill leaves it (files copied while it is open). */
async function written(
  events: number,
  orderly: boolean,
): Promise<{ directory: string; states: Map<string, number> }> {
  const directory = await temporaryDirectory();
  const target = await temporaryDirectory();
  const { host } = hostOn(directory);
  await host.open();
  for (let i = 1; i <= events; i++) {
    await host.create(uploadId(i), spooled(i), {
      rows: [{ type: 'put', key: `file/${String(i).padStart(6, '0')}`, value: `row ${i}` }],
    });
    if (i % 3 === 0) await host.send(uploadId(i), { type: 'pause', by: 'crew' });
  }
  const states = new Map<string, number>();
  for await (const { actor, cell } of host.list({ limit: 10_000 })) states.set(actor, digest(cell));
  if (orderly) await host.close();
  cpSync(directory, target, { recursive: true });
  rmSync(join(target, 'agent.lock'), { force: true });
  if (!orderly) await host.close();
  return { directory: target, states };
}

async function statesOf(host: ReturnType<typeof hostOn>['host']): Promise<Map<string, number>> {
  const states = new Map<string, number>();
  for await (const { actor, cell } of host.list({ limit: 10_000 })) states.set(actor, digest(cell));
  return states;
}

describe('a start after an end', () => {
  it('an orderly end leaves nothing to fold; a kill leaves at most the bound; both give the same state', async () => {
    for (const orderly of [true, false]) {
      const { directory, states } = await written(60, orderly);
      const { host } = hostOn(directory);
      const report = await host.open();
      expect(report.clean).toBe(orderly);
      expect(report.rebuilt).toBeUndefined();
      expect(report.replayed).toBeLessThanOrEqual(orderly ? 1 : 4_096);
      expect(report.boot).toBe(2);
      expect(await statesOf(host)).toEqual(states);
      expect(await host.audit()).not.toHaveProperty('damage');
      await host.close();
    }
  });

  it('however long the log, at most the bound is folded', async () => {
    const directory = await temporaryDirectory();
    const limits = { replayMaxRecords: 64, turnMaxEvents: 16, checkpointCommits: 1_000 };
    const { host } = hostOn(directory, { limits });
    await host.open();
    await Promise.all(Array.from({ length: 500 }, (_, i) => host.create(uploadId(i + 1), spooled(i + 1))));
    const copy = await temporaryDirectory();
    cpSync(directory, copy, { recursive: true });
    rmSync(join(copy, 'agent.lock'), { force: true });
    await host.close();
    const again = hostOn(copy);
    const report = await again.host.open();
    expect(report.replayed).toBeLessThanOrEqual(64);
    expect((await statesOf(again.host)).size).toBe(500);
    await again.host.close();
  });

  it('the boot number grows and connection and breakers hear of it', async () => {
    const directory = await temporaryDirectory();
    for (let boot = 1; boot <= 3; boot++) {
      const { host } = hostOn(directory);
      expect((await host.open()).boot).toBe(boot);
      if (boot === 1) {
        await host.create('connection/main', {});
        await host.send('connection/main', { type: 'start' });
        await host.create('breaker/line', {});
        const tripped = { type: 'breaker.tripped', reason: 'x', spread: 0 };
        const window = { count: 5, failures: 5, consecutive: 5 };
        await host.send('breaker/line', { ...tripped, window }, { src: 'sys' });
        expect((await host.read('breaker/line'))?.value).toBe('open');
      } else expect((await host.read('breaker/line'))?.value).toBe('half-open');
      await host.close();
    }
  });
});

/** Every file of the closed database, with its size. */
function filesOf(directory: string): { path: string; size: number }[] {
  return readdirSync(join(directory, 'log'))
    .map((name) => join(directory, 'log', name))
    .filter((path) => !path.endsWith('LOCK') && !path.endsWith('LOG') && !path.endsWith('LOG.old'))
    .map((path) => ({ path, size: statSync(path).size }));
}

describe('a damaged log', () => {
  const damages: [string, (file: { path: string; size: number }, place: number) => void][] = [
    [
      'one flipped byte',
      ({ path, size }, place) => {
        const bytes = readFileSync(path);
        const at = Math.floor(size * place);
        bytes[at] = bytes[at]! ^ 0x10;
        writeFileSync(path, bytes);
      },
    ],
    [
      'a hole of zeroes',
      ({ path, size }, place) => {
        const bytes = readFileSync(path);
        bytes.fill(0, Math.floor(size * place), Math.min(size, Math.floor(size * place) + 4_096));
        writeFileSync(path, bytes);
      },
    ],
    ['a cut tail', ({ path, size }, place) => truncateSync(path, Math.floor(size * place))],
    ['a deleted file', ({ path }) => rmSync(path)],
  ];

  it.each(damages)('%s anywhere is noticed, or has changed nothing', async (_, damage) => {
    for (const orderly of [false, true]) {
      const { directory, states } = await written(120, orderly);
      for (const file of filesOf(directory)) {
        for (const place of [0.02, 0.2, 0.4, 0.6, 0.8, 0.97]) {
          const victim = await temporaryDirectory();
          cpSync(directory, victim, { recursive: true });
          damage({ path: file.path.replace(directory, victim), size: file.size }, place);
          const { host } = hostOn(victim);
          const report = await host.open();
          const found = report.rebuilt === undefined ? (await host.audit()).damage : report.rebuilt.reason;
          if (found === undefined) {
            expect(await statesOf(host)).toEqual(states);
            expect((await collect(host.rows({ gte: 'file/', lt: 'file0' }))).length).toBe(120);
          } else if (report.rebuilt !== undefined) {
            expect(existsSync(report.rebuilt.evidence)).toBe(true);
            expect(await host.create(uploadId(900), spooled(900))).toMatchObject({ accepted: true });
            expect((await host.audit()).damage).toBeUndefined();
          }
          await host.close();
        }
      }
    }
  });

  it('damage found by the audit stops the host, and the next start rebuilds what can be trusted', async () => {
    const { directory, states } = await written(50, true);
    const kv = await createLevelStorage(directory).open();
    const key = `head/${uploadId(7)}`;
    const head = (await kv.get(key))!;
    await kv.batch([{ type: 'put', key, value: head.replace('sending', 'sendinG') }], { sync: true });
    await kv.close();
    const first = hostOn(directory);
    const before = await first.host.open();
    expect(before.rebuilt).toBeUndefined();
    const fatal = new Promise<Error>((resolve) => first.host.onFatal(resolve));
    expect((await first.host.audit()).damage).toContain(uploadId(7));
    expect((await fatal).message).toContain(uploadId(7));
    await expect(first.host.create(uploadId(60), spooled(60))).rejects.toThrow();
    await first.host.close();

    const second = hostOn(directory);
    const report = await second.host.open();
    expect(report.rebuilt).toMatchObject({ from: 'checkpoint', actorsSaved: 49, rowsSaved: 50 });
    expect(report.rebuilt?.formerLogId).toBe(before.logId);
    expect(report.logId).not.toBe(before.logId);
    states.delete(uploadId(7));
    expect(await statesOf(second.host)).toEqual(states);
    const starts: string[] = [];
    second.host.register('sendDocument', async ({ id }) => {
      starts.push(id);
      return { type: 'document.sent', lengthBytes: 1, sha256: 'ab'.repeat(32), chunks: 1 };
    });
    await until(() => starts.length > 0);
    expect(starts.every((id) => id.startsWith(report.logId))).toBe(true);
    await second.host.close();
  });

  it('a torn tail that nobody was promised is normal', async () => {
    const { directory } = await written(20, false);
    const log = filesOf(directory).find(({ path }) => path.endsWith('.log'))!;
    writeFileSync(log.path, Buffer.concat([readFileSync(log.path), Buffer.from('torn half of a record')]));
    const { host } = hostOn(directory);
    const report = await host.open();
    expect(report.rebuilt).toBeUndefined();
    expect((await statesOf(host)).size).toBe(20);
    await host.close();
  });

  it('a database deleted or exchanged behind our back is noticed', async () => {
    const { directory } = await written(10, true);
    rmSync(join(directory, 'log'), { recursive: true });
    const gone = hostOn(directory);
    expect((await gone.host.open()).rebuilt).toMatchObject({ from: 'empty' });
    await gone.host.close();
    const other = await written(10, true);
    rmSync(join(directory, 'log'), { recursive: true });
    cpSync(join(other.directory, 'log'), join(directory, 'log'), { recursive: true });
    const exchanged = hostOn(directory);
    expect((await exchanged.host.open()).rebuilt?.reason).toContain('not the one');
    await exchanged.host.close();
  });

  it('an actor whose records no longer fold is set aside alone', async () => {
    const directory = await temporaryDirectory();
    const { host } = hostOn(directory);
    await host.open();
    await host.create(uploadId(1), spooled(1));
    await host.create(uploadId(2), spooled(2));
    await host.close();
    await rewriteLog(directory, (rec) => (rec.a === uploadId(1) ? { ...rec, d: rec.d + 1 } : rec));
    const again = hostOn(directory);
    const report = await again.host.open();
    expect(report.quarantined).toEqual([uploadId(1)]);
    expect(report.rebuilt).toBeUndefined();
    expect(await again.host.send(uploadId(1), { type: 'pause', by: 'a' })).toMatchObject({
      reason: 'quarantined',
    });
    expect(await again.host.send(uploadId(2), { type: 'pause', by: 'a' })).toMatchObject({ accepted: true });
    await again.host.close();
    const third = hostOn(directory);
    expect((await third.host.open()).quarantined).toEqual([]);
    expect(await third.host.send(uploadId(1), { type: 'pause', by: 'a' })).toMatchObject({
      reason: 'quarantined',
    });
    await third.host.close();
  });

  it('a log, head or record of a newer release is left untouched and refused', async () => {
    for (const change of ['format', 'kinds', 'record'] as const) {
      const { directory } = await written(5, true);
      await pretendFuture(directory, change);
      const { host } = hostOn(directory);
      await expect(host.open()).rejects.toMatchObject({ code: 'TENDER_LOG_FROM_THE_FUTURE' });
      await expect(hostOn(directory).host.open()).rejects.toMatchObject({
        code: 'TENDER_LOG_FROM_THE_FUTURE',
      });
    }
  });
});

interface Body {
  readonly [key: string]: unknown;
  readonly a: string;
  readonly d: number;
}

/** Rewrites a closed log with a valid chain, as if heads had never been written: everything is folded again. */
async function rewriteLog(directory: string, change: (rec: Body) => Body): Promise<void> {
  const { genesis, link } = await import('../../agent/host/record.ts');
  const { checkpointRow } = await import('../../agent/host/checkpoint.ts');
  const { markNote } = await import('../../agent/host/store.ts');
  const storage = createLevelStorage(directory);
  const kv = await storage.open();
  const { logId } = JSON.parse((await kv.get('meta/log'))!.slice(8)) as { logId: string };
  let hash = genesis(logId);
  let seq = 0;
  const first: { hash: string }[] = [];
  for (const [key, row] of await collect(kv.iterate({ gte: 'log/', lt: 'log0' }))) {
    const body = JSON.stringify(change(JSON.parse(row.slice(43)) as Body));
    hash = link(hash, body);
    seq += 1;
    first.push({ hash });
    await kv.batch([{ type: 'put', key, value: hash + body }], { sync: true });
  }
  for (const [key] of await collect(kv.iterate({ gte: 'head/', lt: 'head0' }))) {
    await kv.batch([{ type: 'del', key }], { sync: true });
  }
  const point = { seq: 1, hash: first[0]!.hash, verifyFrom: 1, hostN: 1, boot: 0, at: 0, logBytes: 0 };
  await kv.batch([checkpointRow(point)], { sync: true });
  storage.mark?.(markNote(logId, { seq, hash }), true);
  await kv.close();
}

async function pretendFuture(directory: string, change: 'format' | 'kinds' | 'record'): Promise<void> {
  if (change === 'record')
    return rewriteLog(directory, (rec) => ({
      ...rec,
      k: String(rec.k).replace(/^upload@[0-9]+$/, 'upload@99'),
    }));
  const { seal } = await import('../../agent/host/sealed.ts');
  const kv = await createLevelStorage(directory).open();
  const key = change === 'format' ? 'meta/log' : 'meta/checkpoint';
  const value = JSON.parse((await kv.get(key))!.slice(8)) as Record<string, unknown>;
  const next = change === 'format' ? { ...value, format: 99 } : { ...value, kinds: { upload: 99 } };
  await kv.batch([{ type: 'put', key, value: seal(key, JSON.stringify(next)) }], { sync: true });
  await kv.close();
}

describe('one agent per directory', () => {
  it('a second agent is refused at once, by any spelling of the path, and the first goes on', async () => {
    const directory = await temporaryDirectory();
    const { host } = hostOn(directory);
    await host.open();
    const started = performance.now();
    for (const spelling of [directory, `${directory}/.`, `${directory}/../${directory.split('/').at(-1)}`]) {
      await expect(hostOn(spelling).host.open()).rejects.toMatchObject({ code: 'TENDER_STATE_LOCKED' });
    }
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(await host.create(uploadId(1), watched(1))).toMatchObject({ accepted: true });
    await host.close();
    const next = hostOn(directory);
    await next.host.open();
    await next.host.close();
  });

  it('a lock left by a process that is gone is taken over, also when its number was given away again', async () => {
    const directory = await temporaryDirectory();
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    for (const stale of [
      { pid: 2 ** 22 + 1, started: '1', boot },
      { pid: process.pid, started: '1', boot },
      { pid: process.pid, started: '1', boot: 'another boot of this machine' },
    ]) {
      writeFileSync(join(directory, 'agent.lock'), JSON.stringify(stale));
      const { host } = hostOn(directory);
      await host.open();
      await host.close();
    }
    writeFileSync(join(directory, 'agent.lock'), 'garbage');
    const { host } = hostOn(directory);
    await host.open();
    await host.close();
    expect(existsSync(join(directory, 'agent.lock'))).toBe(false);
  });
});

describe('timers and clocks', () => {
  const failed = {
    type: 'send.failed',
    class: 'SERVER',
    code: 'TENDER_X',
    message: 'no',
    delayMs: 60_000,
    fx: '1.0',
  };

  it('a timer fires in its boot on time', async () => {
    const { host, clock } = hostOn(await temporaryDirectory());
    await host.open();
    await host.create(uploadId(1), spooled(1));
    await host.send(uploadId(1), failed, { src: 'fx' });
    expect((await host.read(uploadId(1)))?.value).toBe('waiting');
    await clock.advance(59_000);
    await host.putRows([{ type: 'put', key: 'x', value: '' }]);
    expect((await host.read(uploadId(1)))?.value).toBe('waiting');
    await clock.advance(1_500);
    await host.putRows([{ type: 'put', key: 'x', value: '' }]);
    expect((await host.read(uploadId(1)))?.value).toBe('sending');
    await host.close();
  });

  it.each([
    ['1970', 0, 60_000],
    ['ten years ahead', Date.UTC(2036, 0, 1), 0],
    ['half a minute later', Date.UTC(2026, 0, 1) + 30_000, 30_000],
  ])(
    'after a boot with the clock at %s no timer is lost and none waits longer than it was set for',
    async (_, wall, remaining) => {
      const directory = await temporaryDirectory();
      const first = hostOn(directory);
      await first.host.open();
      await first.host.create(uploadId(1), spooled(1));
      await first.host.send(uploadId(1), failed, { src: 'fx' });
      await first.host.close();
      // One boot in between with the same wrong clock must not make it forget.
      const between = hostOn(directory, { clock: new FakeClock(wall) });
      if (remaining > 0) {
        await between.host.open();
        await between.host.close();
      }
      const { host, clock } = hostOn(directory, { clock: new FakeClock(wall) });
      await host.open();
      if (remaining > 0) {
        await clock.advance(remaining - 100);
        await host.putRows([{ type: 'put', key: 'x', value: '' }]);
        expect((await host.read(uploadId(1)))?.value).toBe('waiting');
      }
      await clock.advance(200);
      await host.putRows([{ type: 'put', key: 'x', value: '' }]);
      await clock.advance(1);
      await host.putRows([{ type: 'put', key: 'x', value: '' }]);
      expect((await host.read(uploadId(1)))?.value).toBe('sending');
      const records = await collect(host.history({ limit: 100 }));
      expect(records.map((rec) => rec.seq)).toEqual(records.map((_, i) => i + 1));
      await host.close();
    },
  );
});
