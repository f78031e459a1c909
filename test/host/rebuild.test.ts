import { describe, expect, it } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import type { KeyValue, Storage } from '../../agent/ports.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { withBatch } from '../support/wrapped-batch.ts';
import { collect, hostOn, spooled, until, uploadId } from './support.ts';

const actors = 20;

/** A log with a flaw in its middle: one record is gone. */
async function flawed(): Promise<{ directory: string; logId: string }> {
  const directory = await temporaryDirectory();
  const { host } = hostOn(directory);
  const { logId } = await host.open();
  for (let i = 1; i <= actors; i++) {
    await host.create(uploadId(i), spooled(i), { rows: [{ type: 'put', key: `file/${i}`, value: 'x' }] });
  }
  await host.close();
  const kv = await createLevelStorage(directory).open();
  await kv.batch([{ type: 'del', key: 'log/000000000007' }], { sync: true });
  await kv.close();
  return { directory, logId };
}

/** Ends the process, as far as the host can see, at the `at`th call to the disk. */
function dying(directory: string, at: number): { storage: Storage; calls: () => number } {
  const real = createLevelStorage(directory);
  let calls = 0;
  let open: KeyValue | undefined;
  const step = async (): Promise<void> => {
    calls += 1;
    if (calls !== at) return;
    await open?.close();
    throw new Error('the process was killed here');
  };
  const storage: Storage = {
    ...real,
    open: async () => {
      await step();
      const kv = await real.open();
      open = kv;
      const stepped = withBatch(kv, async (changes, options) => {
        await step();
        await kv.batch(changes, options);
      });
      return {
        ...stepped,
        close: async () => {
          open = undefined;
          await kv.close();
        },
      };
    },
    quarantine: async (reason) => {
      await step();
      const evidence = await real.quarantine(reason);
      await step();
      return evidence;
    },
  };
  return { storage, calls: () => calls };
}

describe('a rebuild', () => {
  it('that is cut off at any step begins again and ends the same, under a new log id', async () => {
    for (let at = 1; ; at++) {
      const { directory, logId } = await flawed();
      const { storage, calls } = dying(directory, at);
      const first = hostOn(directory, { storage });
      let survived: boolean | undefined;
      void first.host.open().then(
        () => {
          survived = true;
        },
        () => {
          survived = false;
        },
      );
      await until(async () => {
        await first.clock.advance(500);
        return survived !== undefined;
      });
      let ended = false;
      void first.host.close().then(() => {
        ended = true;
      });
      await until(async () => {
        await first.clock.advance(500);
        return ended;
      });
      const { host } = hostOn(directory);
      const report = await host.open();
      expect(report.logId).not.toBe(logId);
      const found = await collect(host.list({ limit: 100 }));
      expect(found.map((each) => each.actor)).toEqual(
        Array.from({ length: actors }, (_, i) => uploadId(i + 1)),
      );
      expect((await collect(host.rows({ gte: 'file/', lt: 'file0' }))).length).toBe(actors);
      expect((await host.audit()).damage).toBeUndefined();
      await host.close();
      if (survived && calls() < at) return;
    }
  });

  it('goes on with every open effect, and with new ids', async () => {
    const { directory } = await flawed();
    const { host } = hostOn(directory);
    const ids: string[] = [];
    host.register('sendDocument', async ({ id }) => {
      ids.push(id);
      return { type: 'document.sent', lengthBytes: 1, sha256: 'ab'.repeat(32), chunks: 1 };
    });
    host.register('confirmStored', async () => ({ type: 'send.incomplete' }));
    const { logId, rebuilt } = await host.open();
    expect(rebuilt).toMatchObject({ from: 'checkpoint', actorsSaved: actors, rowsSaved: actors });
    await until(() => new Set(ids.map((id) => id.split('/')[2])).size === actors);
    expect(ids.every((id) => id.startsWith(`${logId}/upload/`))).toBe(true);
    await host.close();
  });
});

describe('retention', () => {
  it('drops old records that all heads have passed, keeps the chain whole, and loses no state', async () => {
    const directory = await temporaryDirectory();
    const limits = { retainMs: 1_000, retentionEveryMs: 10_000, replayMaxRecords: 64, turnMaxEvents: 16 };
    const { host, clock } = hostOn(directory, { limits });
    await host.open();
    for (let i = 1; i <= 200; i++) {
      const value = 'x'.repeat(100_000);
      await host.create(uploadId(i), spooled(i), { rows: [{ type: 'put', key: `file/${i}`, value }] });
    }
    await until(async () => {
      await clock.advance(10_000);
      return (await collect(host.history({ limit: 1 })))[0]!.seq > 50;
    });
    expect((await host.audit()).damage).toBeUndefined();
    await host.close();
    const again = hostOn(directory);
    expect((await again.host.open()).rebuilt).toBeUndefined();
    expect((await collect(again.host.list({ limit: 1_000 }))).length).toBe(200);
    expect((await again.host.audit()).damage).toBeUndefined();
    await again.host.close();
  });
});

describe('dead letters', () => {
  it('a parked upload is listed by its state and leaves the list when a person tries again', async () => {
    const { host } = hostOn(await temporaryDirectory());
    await host.open();
    await host.create(uploadId(1), spooled(1));
    const failed = {
      type: 'send.failed',
      class: 'ITEM',
      code: 'TENDER_X',
      message: 'no',
      delayMs: 0,
      permanent: true,
    };
    await host.send(uploadId(1), { ...failed, fx: '1.0' }, { src: 'fx' });
    expect((await collect(host.list({ state: 'parked', limit: 10 }))).map((each) => each.actor)).toEqual([
      uploadId(1),
    ]);
    expect(await host.send(uploadId(1), { type: 'retry', by: 'crew' })).toMatchObject({ state: 'sending' });
    expect(await collect(host.list({ state: 'parked', limit: 10 }))).toEqual([]);
    await host.close();
  });
});
