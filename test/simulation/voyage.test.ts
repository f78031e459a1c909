// Short runs of the simulator on every change; long ones are `npm run simulate`.
import { describe, expect, it } from 'vitest';
import { runVoyage } from './voyage.ts';

const cleanVoyages = 60;
/** Three seconds on an idle machine; everything else may be running beside it. */
const patienceMs = 240_000;

describe('a voyage', () => {
  it(
    `keeps every promise in each of ${cleanVoyages} seeds, and meets every kind of trouble among them`,
    async () => {
      const faults = new Set<string>();
      let crashes = 0;
      let versions = 0;
      for (let seed = 1; seed <= cleanVoyages; seed++) {
        const result = await runVoyage(seed);
        expect(result.violation, `npm run simulate -- --voyages 1 --seed ${seed} --verbose`).toBeUndefined();
        for (const kind of result.faults.keys()) faults.add(kind);
        for (const count of result.crashes.values()) crashes += count;
        versions += result.versions;
      }
      // A simulator that does nothing is clean as well.
      expect(faults.size).toBeGreaterThanOrEqual(24);
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
