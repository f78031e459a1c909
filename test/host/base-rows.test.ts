import { cpSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import type { KeyValue, Storage } from '../../agent/ports.ts';
import { final } from '../../machines/kernel.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { withBatch } from '../support/wrapped-batch.ts';
import { comparePast, dropping, fillPast, type Past, passing } from './past.ts';
import { hostOn, until } from './support.ts';

/** Actors that have a base row. */
async function bases(directory: string): Promise<string[]> {
  const kv = await createLevelStorage(directory).open();
  const found: string[] = [];
  for await (const [key] of kv.iterate({ gte: 'base/', lt: 'base0' })) found.push(key.slice('base/'.length));
  await kv.close();
  return found;
}

function lastCell(past: Past, actor: string) {
  return past.cells.get(actor)?.at(-1);
}

describe('a history whose beginning was dropped', () => {
  it('folds to the same cells as before, sweep after sweep, and over starts', async () => {
    const directory = await temporaryDirectory();
    const past = await fillPast(directory, 1_500);
    for (let starts = 0; starts < 2; starts++) {
      const kit = await dropping(directory, { sweepRecords: 250 });
      for (let sweeps = 0; sweeps < 2; sweeps++) {
        await kit.sweep();
        expect(await comparePast(kit.host, past)).toBeGreaterThan(100);
      }
      expect((await passing(kit, kit.host.audit())).damage).toBeUndefined();
      await passing(kit, kit.host.close());
    }
  });

  it('keeps a base of every actor that lives on, and none of one whose last record is gone', async () => {
    const directory = await temporaryDirectory();
    const past = await fillPast(directory, 1_500);
    const kit = await dropping(directory, { sweepRecords: 700 });
    await kit.sweep();
    await passing(kit, kit.host.audit());
    const { oldestSeq } = kit.host.status();
    await passing(kit, kit.host.close());
    const kept = new Set(await bases(directory));
    const lives = (actor: string): boolean => !final('upload', lastCell(past, actor)!);
    const last = new Map(past.records.map(({ actor, seq }) => [actor, seq]));
    const first = new Map(past.records.toReversed().map(({ actor, seq }) => [actor, seq]));
    let ended = 0;
    for (const actor of past.cells.keys()) {
      const cut = first.get(actor)! < oldestSeq;
      const over = last.get(actor)! < oldestSeq && actor.startsWith('upload/') && !lives(actor);
      if (over) ended += 1;
      expect([actor, kept.has(actor)]).toEqual([actor, cut && !over]);
    }
    expect(ended).toBeGreaterThan(5);
  });

  it('still folds when the agent dies at any write of a sweep, whether it was kept or not', async () => {
    const origin = await temporaryDirectory();
    const past = await fillPast(origin, 1_200);
    for (const how of ['before', 'after'] as const) {
      for (let at = 1; ; at++) {
        const directory = await temporaryDirectory();
        cpSync(origin, directory, { recursive: true });
        const { storage, arm, died } = dying(directory, how);
        const kit = await dropping(directory, { sweepRecords: 10_000, storage });
        const { host, clock } = kit;
        arm(at);
        await until(async () => {
          await clock.advance(10_000);
          return died() || host.status().oldestSeq > 1;
        });
        if (!died()) await passing(kit, host.audit());
        const over = !died();
        await passing(kit, host.close()).catch(() => undefined);
        const again = hostOn(directory);
        await again.host.open();
        expect(await comparePast(again.host, past)).toBeGreaterThan(0);
        expect((await again.host.audit()).damage).toBeUndefined();
        await again.host.close();
        if (over) break;
      }
    }
  });

  it('of a rebuilt log begins with the cells that were saved', async () => {
    const directory = await temporaryDirectory();
    const past = await fillPast(directory, 300);
    const kv = await createLevelStorage(directory).open();
    await kv.batch([{ type: 'put', key: 'meta/damage', value: sealedDamage }], { sync: true });
    await kv.close();
    const { host } = hostOn(directory);
    onTestFinished(() => host.close());
    host.setPermits('line', 0);
    expect((await host.open()).rebuilt?.from).toBe('checkpoint');
    for (const [actor, cells] of past.cells) {
      const cell = cells.at(-1)!;
      if (final(actor.slice(0, actor.indexOf('/')), cell)) continue;
      expect(await host.base(actor)).toMatchObject({ n: cell.n, cell: { value: cell.value } });
    }
  });
});

/** Anything there, whole or not, makes a start rebuild. */
const sealedDamage = 'damaged';

/** A disk that takes `at - 1` more batches once armed, and then none: the last fails before it was written, or after. */
function dying(directory: string, how: 'before' | 'after') {
  const real = createLevelStorage(directory);
  let left = Number.POSITIVE_INFINITY;
  let dead = false;
  const wrap = (kv: KeyValue): KeyValue =>
    withBatch(kv, async (changes, options) => {
      if (dead) throw new Error('EIO: the disk is gone');
      left -= 1;
      dead = left <= 0;
      if (!dead || how === 'after') await kv.batch(changes, options);
      if (dead) throw new Error('EIO: the disk is gone');
    });
  const storage: Storage = { ...real, open: async () => wrap(await real.open()) };
  return {
    storage,
    arm: (at: number) => {
      left = at;
    },
    died: () => dead,
  };
}
