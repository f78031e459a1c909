import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import type { KeyValue, Storage } from '../../agent/ports.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { withBatch } from '../support/wrapped-batch.ts';
import { collect, hostOn, spooled, until, uploadId } from './support.ts';

/** LevelDB, but the next batches fail: before anything was written, or after all of it was. */
function failing(directory: string): {
  storage: Storage;
  fail: (how: 'before' | 'after', count?: number) => void;
} {
  const real = createLevelStorage(directory);
  let planned: 'before' | 'after' = 'before';
  let failures = 0;
  const wrap = (kv: KeyValue): KeyValue =>
    withBatch(kv, async (changes, options) => {
      const fails = failures > 0;
      if (fails) failures -= 1;
      if (!fails || planned === 'after') await kv.batch(changes, options);
      if (fails) throw new Error('ENOSPC: no space left on device');
    });
  return {
    storage: { ...real, open: async () => wrap(await real.open()) },
    fail: (how, count = 1) => {
      planned = how;
      failures = count;
    },
  };
}

describe('a write that fails', () => {
  it.each(['before', 'after'] as const)(
    'is not acknowledged unless it is there (failed %s the write)',
    async (how) => {
      const directory = await temporaryDirectory();
      const { storage, fail } = failing(directory);
      const { host, clock } = hostOn(directory, { storage });
      await host.open();
      await host.create(uploadId(1), spooled(1));
      fail(how);
      const outcome = host.create(uploadId(2), spooled(2)).then(
        (answer) => answer.accepted,
        (error: { code: string }) => error.code,
      );
      await until(() => host.status().writing === 'stopped');
      await expect(host.create(uploadId(3), spooled(3))).rejects.toMatchObject({
        code: 'TENDER_LOG_WRITE_FAILED',
      });
      await until(async () => {
        await clock.advance(250);
        return host.status().writing === 'open';
      });
      expect(await outcome).toBe(how === 'after' ? true : 'TENDER_LOG_WRITE_FAILED');
      expect((await host.read(uploadId(2))) !== undefined).toBe(how === 'after');
      expect(await host.create(uploadId(4), spooled(4))).toMatchObject({ accepted: true });
      expect((await host.audit()).damage).toBeUndefined();
      await host.close();
    },
  );

  it('does not lose the outcome of an effect: it is delivered when the log can be written again', async () => {
    const directory = await temporaryDirectory();
    const { storage, fail } = failing(directory);
    const { host, clock } = hostOn(directory, { storage });
    let answer: () => void = () => {};
    let runs = 0;
    host.register('sendDocument', () => {
      runs += 1;
      return new Promise((resolve) => {
        answer = () => resolve({ type: 'document.sent', lengthBytes: 1, sha256: 'ab'.repeat(32), chunks: 1 });
      });
    });
    await host.open();
    await host.create(uploadId(1), spooled(1));
    await until(() => runs === 1);
    fail('before', 3);
    answer();
    await until(async () => {
      await clock.advance(500);
      return (await host.read(uploadId(1)).catch(() => undefined))?.value === 'confirming';
    });
    expect(runs).toBe(1);
    await host.close();
  });

  it('closing while the log cannot be written ends at once', async () => {
    const directory = await temporaryDirectory();
    const { storage, fail } = failing(directory);
    const { host } = hostOn(directory, { storage });
    await host.open();
    fail('before');
    const outcome = host.create(uploadId(1), spooled(1));
    outcome.catch(() => undefined);
    await until(() => host.status().writing === 'stopped');
    await host.close();
    await expect(outcome).rejects.toMatchObject({ code: 'TENDER_LOG_WRITE_FAILED' });
  });

  it('closing in the very moment in which the log is being closed for reopening ends as well', async () => {
    const directory = await temporaryDirectory();
    const { storage, fail } = failing(directory);
    let release: () => void = () => {};
    const slow: Storage = {
      ...storage,
      open: async () => {
        const kv = await storage.open();
        const held = new Promise<void>((resolve) => {
          release = resolve;
        });
        return { ...kv, close: () => held.then(() => kv.close()) };
      },
    };
    const { host } = hostOn(directory, { storage: slow });
    await host.open();
    fail('before');
    const outcome = host.create(uploadId(1), spooled(1));
    outcome.catch(() => undefined);
    await until(() => host.status().writing === 'stopped');
    const closed = host.close();
    release();
    await closed;
    await expect(outcome).rejects.toMatchObject({ code: 'TENDER_LOG_WRITE_FAILED' });
  });

  it('a disk that is full and then has room again: nothing acknowledged is lost, work goes on by itself', async (context) => {
    const mount = join(await temporaryDirectory(), 'small');
    mkdirSync(mount);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      context.skip('mounting a small file system is not permitted here');
    }
    onTestFinished(() => {
      execFileSync('umount', ['-l', mount]);
    });
    const { host, clock } = hostOn(join(mount, 'state'));
    await host.open();
    const ballast = join(mount, 'ballast');
    const kept: string[] = [];
    let refused = 0;
    writeFileSync(ballast, Buffer.alloc(1_500_000));
    for (let i = 1; refused < 3; i++) {
      const rows = [{ type: 'put', key: `file/${i}`, value: 'x'.repeat(20_000) }] as const;
      const made = host.create(uploadId(i), spooled(i), { rows }).then(
        () => kept.push(uploadId(i)),
        () => {
          refused += 1;
        },
      );
      let waiting = true;
      void made.finally(() => {
        waiting = false;
      });
      await until(async () => {
        if (host.status().writing !== 'open') await clock.advance(60_000);
        return !waiting;
      });
    }
    rmSync(ballast);
    await until(async () => {
      await clock.advance(60_000);
      return host.status().writing === 'open';
    });
    for (let i = 1_000; i < 1_020; i++) {
      expect(await host.create(uploadId(i), spooled(i))).toMatchObject({ accepted: true });
      kept.push(uploadId(i));
    }
    await host.close();
    const again = hostOn(join(mount, 'state'));
    expect((await again.host.open()).rebuilt).toBeUndefined();
    const found = new Set((await collect(again.host.list({ limit: 10_000 }))).map((each) => each.actor));
    expect(kept.filter((actor) => !found.has(actor))).toEqual([]);
    await again.host.close();
  });
});
