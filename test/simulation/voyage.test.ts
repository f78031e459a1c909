// Short runs of the simulator on every change; long ones are `npm run simulate`.
import { describe, expect, it } from 'vitest';
import { runVoyage } from './voyage.ts';

const cleanVoyages = 60;
/** Every form in which a document can travel, over more lanes than one would need. */
const travelled = [
  ...['pack', 'pack compressed', 'chunk raw', 'chunk zstd', 'chunk patch', 'chunk named', 'copy'],
  ...['held partial raw', 'want undecodable', 'eighth lane'],
];
/** Three seconds on an idle machine; everything else may be running beside it. */
const patienceMs = 240_000;

describe('a voyage', () => {
  it(
    `keeps every promise in each of ${cleanVoyages} seeds, and meets every kind of trouble among them`,
    async () => {
      const faults = new Set<string>();
      const traffic = new Map<string, number>();
      let crashes = 0;
      let versions = 0;
      for (let seed = 1; seed <= cleanVoyages; seed++) {
        const result = await runVoyage(seed);
        expect(result.violation, `npm run simulate -- --voyages 1 --seed ${seed} --verbose`).toBeUndefined();
        for (const kind of result.faults.keys()) faults.add(kind);
        for (const [what, count] of result.traffic) traffic.set(what, (traffic.get(what) ?? 0) + count);
        for (const count of result.crashes.values()) crashes += count;
        versions += result.versions;
      }
      // A simulator that does nothing is clean as well.
      expect(faults.size).toBeGreaterThanOrEqual(27);
      for (const what of travelled) expect(traffic.get(what) ?? 0, what).toBeGreaterThan(0);
      expect(traffic.get('unreadable')).toBeUndefined();
      expect(crashes).toBeGreaterThan(cleanVoyages);
      expect(versions).toBeGreaterThan(cleanVoyages * 5);
    },
    patienceMs,
  );

  it('is the same voyage when its seed is the same, to the last message', async () => {
    for (const seed of [3, 7, 12]) {
      const [first, second] = [await runVoyage(seed), await runVoyage(seed)];
      expect(second.traceHash).toBe(first.traceHash);
      expect(second.steps).toBe(first.steps);
    }
    expect((await runVoyage(4)).traceHash).not.toBe((await runVoyage(5)).traceHash);
  });
});
