// Every planted bug is seen, within a stated number of voyages: the proof that the checkers are not blind.
import { expect, it } from 'vitest';
import { type PlantName, plantNames } from './plants.ts';
import type { Rule } from './report.ts';
import { runVoyage } from './voyage.ts';

interface Catch {
  /** Voyages from seed 1 on within which it must be caught. */
  readonly voyages: number;
  /** The rules that may catch it; any other violation is another bug. */
  readonly rules: readonly Rule[];
}

const caughtWithin: { readonly [plant in PlantName]: Catch } = {
  'effect-before-fsync': { voyages: 1, rules: ['L3 durable before effect'] },
  'effects-not-reissued': { voyages: 50, rules: ['P1 accepted is kept', 'P8 back by itself'] },
  'timers-not-rearmed': { voyages: 150, rules: ['L5 nobody’s turn'] },
  'duplicate-result-accepted': { voyages: 100, rules: ['P3 once'] },
  'receipt-before-commit': { voyages: 2, rules: ['P2 stored means stored'] },
  'durable-before-sync': { voyages: 2, rules: ['P2 stored means stored'] },
  'spool-not-synced': { voyages: 100, rules: ['P1 accepted is kept', 'P4 whole or nothing'] },
  'change-unnoticed': { voyages: 400, rules: ['P4 whole or nothing'] },
};

it.each(plantNames)(
  '%s is caught',
  async (plant) => {
    const { voyages, rules } = caughtWithin[plant];
    for (let seed = 1; seed <= voyages; seed++) {
      const { violation } = await runVoyage(seed, { plant });
      if (!violation) continue;
      expect(rules, `seed ${seed}: ${violation.rule}: ${violation.detail}`).toContain(violation.rule);
      return;
    }
    expect.fail(`not caught in ${voyages} voyages`);
  },
  240_000,
);
