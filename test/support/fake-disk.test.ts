// The fake disk obeys the same contract as LevelDB, and is as unkind as a real disk where the contract leaves room.
import { describe, expect, it } from 'vitest';
import type { KeyValue } from '../../agent/ports.ts';
import { keyValueContract } from '../contracts/key-value.contract.ts';
import { FakeDisk } from './fake-disk.ts';
import { type Death, FakeLife } from './fake-life.ts';
import { FakeRandom } from './fake-random.ts';
import { FakeTimeline } from './fake-timeline.ts';

const put = (key: string, value = '1') => ({ type: 'put', key, value }) as const;

function disk(seed = 1) {
  const timeline = new FakeTimeline();
  const medium = new FakeDisk(timeline, new FakeRandom(seed), { syncMs: [1, 10], writeMs: [0, 2] });
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    await timeline.run(timeline.now + 60_000, () => settled);
    return promise;
  };
  const boot = async (): Promise<{ life: FakeLife; kv: KeyValue }> => {
    const life = new FakeLife('agent');
    return { life, kv: await run(medium.storage(life).open()) };
  };
  const reopenedAfter = async (death: Death, life: FakeLife): Promise<KeyValue> => {
    life.end(death);
    return (await boot()).kv;
  };
  return { timeline, medium, run, boot, reopenedAfter };
}

keyValueContract('the fake disk', async () => {
  const { medium, run } = disk();
  const lives: FakeLife[] = [];
  return {
    run,
    storage: () => {
      const life = new FakeLife('agent');
      lives.push(life);
      return medium.storage(life);
    },
    remove: async () => {
      for (const life of lives) life.end('kill');
    },
  };
});

describe('the fake disk on a bad day', () => {
  it('keeps a synced batch over a power cut and loses some unsynced tail in some seeds, always from its end', async () => {
    const kept = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { run, boot, reopenedAfter } = disk(seed);
      const { life, kv } = await boot();
      await run(kv.batch([put('synced')], { sync: true }));
      for (let i = 0; i < 5; i++) await run(kv.batch([put(`soft/${i}`)], { sync: false }));
      const again = await reopenedAfter('power', life);
      const found: string[] = [];
      for await (const [key] of again.iterate({})) found.push(key);
      expect(found).toEqual([...Array(found.length - 1).keys()].map((i) => `soft/${i}`).concat('synced'));
      kept.add(found.length - 1);
    }
    expect(kept).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });

  it('keeps the unsynced tail when only the process dies', async () => {
    const { run, boot, reopenedAfter } = disk();
    const { life, kv } = await boot();
    await run(kv.batch([put('soft')], { sync: false }));
    expect(await (await reopenedAfter('kill', life)).get('soft')).toBe('1');
  });

  it('a batch in flight at a crash is whole or absent, in both ways over many seeds', async () => {
    const outcomes = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { boot, reopenedAfter } = disk(seed);
      const { life, kv } = await boot();
      void kv.batch([put('a'), put('b'), put('c')], { sync: true });
      const again = await reopenedAfter('power', life);
      const found: string[] = [];
      for await (const [key] of again.iterate({})) found.push(key);
      outcomes.add(found.length);
    }
    expect(outcomes).toEqual(new Set([0, 3]));
  });

  it('after a write error it seems to go on, and what it took since then is gone after reopening', async () => {
    const { medium, run, boot, reopenedAfter } = disk();
    const { life, kv } = await boot();
    await run(kv.batch([put('before')], { sync: true }));
    medium.failNext(1);
    await expect(run(kv.batch([put('failed')], { sync: true }))).rejects.toMatchObject({
      code: 'LEVEL_IO_ERROR',
    });
    await run(kv.batch([put('lie')], { sync: true }));
    expect(await run(kv.get('lie'))).toBe('1');
    const again = await reopenedAfter('kill', life);
    expect(await run(again.get('before'))).toBe('1');
    expect(await run(again.get('lie'))).toBeUndefined();
  });

  it('two batches outstanding at once land in either order', async () => {
    const last = new Set<string | undefined>();
    for (let seed = 0; seed < 20; seed++) {
      const { run, boot } = disk(seed);
      const { kv } = await boot();
      await run(
        Promise.all([
          kv.batch([put('x', 'first')], { sync: true }),
          kv.batch([put('x', 'second')], { sync: true }),
        ]),
      );
      last.add(await run(kv.get('x')));
    }
    expect(last).toEqual(new Set(['first', 'second']));
  });

  it('rot takes records out of the middle and says nothing', async () => {
    const { medium, run, boot } = disk();
    const { kv } = await boot();
    for (let i = 0; i < 20; i++) await run(kv.batch([put(`log/${10 + i}`)], { sync: true }));
    await run(kv.close());
    expect(medium.rot(3)).toBe(true);
    const left = medium.entries().map(([key]) => key);
    expect(left).toHaveLength(17);
    expect(left).toContain('log/10');
    expect(left).toContain('log/29');
  });

  it('a process that has ended hears nothing more and changes nothing more', async () => {
    const { run, boot, timeline, medium } = disk();
    const { life, kv } = await boot();
    let answered = false;
    void kv.batch([put('a')], { sync: true }).then(() => {
      answered = true;
    });
    life.end('power');
    void kv.batch([put('b')], { sync: true });
    await run(timeline.sleep(1000));
    expect(answered).toBe(false);
    expect(medium.value('b')).toBeUndefined();
  });
});
