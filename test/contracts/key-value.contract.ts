// What the agent's log expects of its database, as a suite that LevelDB and the fake disk both run: if the fake were
// kinder than the real one, voyages would prove nothing.
import { afterEach, describe, expect, it } from 'vitest';
import type { KeyRange, KeyValue, Storage } from '../../agent/ports.ts';

/** One fresh place for a database. `run` lets time pass until the promise settles, where time is held. */
export interface KeyValuePlace {
  storage(): Storage;
  run<T>(promise: Promise<T>): Promise<T>;
  remove(): Promise<void>;
}

const put = (key: string, value = `value of ${key}`) => ({ type: 'put', key, value }) as const;
const del = (key: string) => ({ type: 'del', key }) as const;
const synced = { sync: true } as const;

export function keyValueContract(name: string, make: () => Promise<KeyValuePlace>): void {
  describe(`${name} as an ordered key-value store`, () => {
    const places: KeyValuePlace[] = [];
    const opened: { place: KeyValuePlace; kv: KeyValue }[] = [];

    async function open(place?: KeyValuePlace): Promise<{ place: KeyValuePlace; kv: KeyValue }> {
      const where = place ?? (await make());
      if (!place) places.push(where);
      const kv = await where.run(where.storage().open());
      const both = { place: where, kv };
      opened.push(both);
      return both;
    }

    async function close({ place, kv }: { place: KeyValuePlace; kv: KeyValue }): Promise<void> {
      const at = opened.findIndex((each) => each.kv === kv);
      if (at >= 0) opened.splice(at, 1);
      await place.run(kv.close());
    }

    async function keys(place: KeyValuePlace, kv: KeyValue, range: KeyRange): Promise<string[]> {
      const all = async (): Promise<string[]> => {
        const found: string[] = [];
        for await (const [key] of kv.iterate(range)) found.push(key);
        return found;
      };
      return place.run(all());
    }

    afterEach(async () => {
      for (const each of [...opened]) await close(each);
      for (const place of places.splice(0)) await place.remove();
    });

    it('answers undefined for a key that was never put, and the value of one that was', async () => {
      const { place, kv } = await open();
      await place.run(kv.batch([put('a')], synced));
      expect(await place.run(kv.get('a'))).toBe('value of a');
      expect(await place.run(kv.get('b'))).toBeUndefined();
    });

    it('a batch handed over beforehand is written as one that was not, and one that is discarded leaves nothing', async () => {
      const { place, kv } = await open();
      if (!kv.prepare) return; // batch() is all there is
      const first = kv.prepare([put('a', '1'), put('b', '1')]);
      const second = kv.prepare([put('a', '2'), del('b')]);
      const never = kv.prepare([put('c', '1')]);
      await place.run(first.write(synced));
      await place.run(second.write(synced));
      never.discard();
      expect(await keys(place, kv, {})).toEqual(['a']);
      expect(await place.run(kv.get('a'))).toBe('2');
      await close({ place, kv });
      await expect(first.write(synced)).rejects.toThrow();
    });

    it('applies a batch in its order: the last change of a key wins', async () => {
      const { place, kv } = await open();
      await place.run(kv.batch([put('a', '1'), del('a'), put('a', '2'), put('b', '1'), del('b')], synced));
      expect(await place.run(kv.get('a'))).toBe('2');
      expect(await place.run(kv.get('b'))).toBeUndefined();
    });

    it('iterates ascending in byte order, within every kind of bound, reversed, and up to a limit', async () => {
      const { place, kv } = await open();
      await place.run(
        kv.batch(
          ['b', 'a/2', 'a/10', 'a/1', 'c', 'B'].map((key) => put(key)),
          synced,
        ),
      );
      expect(await keys(place, kv, {})).toEqual(['B', 'a/1', 'a/10', 'a/2', 'b', 'c']);
      expect(await keys(place, kv, { gte: 'a/1', lt: 'b' })).toEqual(['a/1', 'a/10', 'a/2']);
      expect(await keys(place, kv, { gt: 'a/1', lte: 'b' })).toEqual(['a/10', 'a/2', 'b']);
      expect(await keys(place, kv, { gte: 'a/', lt: 'a0', reverse: true, limit: 2 })).toEqual([
        'a/2',
        'a/10',
      ]);
      expect(await keys(place, kv, { gt: 'c' })).toEqual([]);
      expect(await keys(place, kv, { gte: 'c', lt: 'a' })).toEqual([]);
    });

    it('shows an iteration one moment: what is written meanwhile is not in it', async () => {
      const { place, kv } = await open();
      await place.run(kv.batch([put('a'), put('c')], synced));
      const iterator = kv.iterate({})[Symbol.asyncIterator]();
      expect((await place.run(iterator.next())).value?.[0]).toBe('a');
      await place.run(kv.batch([put('b'), del('c')], synced));
      const seen: string[] = [];
      for (;;) {
        const next = await place.run(iterator.next());
        if (next.done) break;
        seen.push(next.value[0]);
      }
      expect(seen).toEqual(['c']);
    });

    it('keeps what was synced over close and open, and what was not when nothing went wrong', async () => {
      const first = await open();
      await first.place.run(first.kv.batch([put('a')], synced));
      await first.place.run(first.kv.batch([put('b')], { sync: false }));
      await close(first);
      const { place, kv } = await open(first.place);
      expect(await keys(place, kv, {})).toEqual(['a', 'b']);
    });

    it('refuses a second holder while one is open', async () => {
      const first = await open();
      await expect(first.place.run(first.place.storage().open())).rejects.toMatchObject({
        code: 'TENDER_STATE_LOCKED',
      });
      expect(await first.place.run(first.kv.get('a'))).toBeUndefined();
    });

    it('rejects every call after close instead of answering from nothing', async () => {
      const first = await open();
      await close(first);
      await expect(first.place.run(first.kv.get('a'))).rejects.toThrow();
      await expect(first.place.run(first.kv.batch([put('a')], synced))).rejects.toThrow();
    });

    it('moves a closed database aside as evidence: the next one is empty', async () => {
      const first = await open();
      await first.place.run(first.kv.batch([put('a')], synced));
      await close(first);
      const evidence = await first.place.run(first.place.storage().quarantine('a test'));
      expect(evidence).not.toBe('');
      const { place, kv } = await open(first.place);
      expect(await keys(place, kv, {})).toEqual([]);
    });
  });
}
