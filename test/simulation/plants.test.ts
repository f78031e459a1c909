// Every planted bug is seen, within a stated number of voyages: the proof that the checkers are not blind.
import { expect, it } from 'vitest';
import { type PlantName, plantNames } from './plants.ts';
import type { Rule } from './report.ts';
import { runVoyage } from './voyage.ts';

/** Voyages from seed 1 within which each plant must be caught, and by which rule. */
const caughtWithin: { readonly [plant in PlantName]: { readonly voyages: number; readonly rule: Rule } } = {
  'effect-before-fsync': { voyages: 1, rule: 'L3 durable before effect' },
  'effects-not-reissued': { voyages: 20, rule: 'P8 back by itself' },
  'timers-not-rearmed': { voyages: 40, rule: 'P8 back by itself' },
  'duplicate-result-accepted': { voyages: 20, rule: 'P3 once' },
  'receipt-before-commit': { voyages: 2, rule: 'P2 stored means stored' },
  'durable-before-sync': { voyages: 2, rule: 'P2 stored means stored' },
  'spool-not-synced': { voyages: 40, rule: 'P1 accepted is kept' },
  'change-unnoticed': { voyages: 40, rule: 'P4 whole or nothing' },
};

it.each(plantNames)('%s is caught', async (plant) => {
  const { voyages, rule } = caughtWithin[plant];
  const seen: string[] = [];
  for (let seed = 1; seed <= voyages; seed++) {
    const { violation } = await runVoyage(seed, { plant });
    if (violation?.rule === rule) return;
    if (violation) seen.push(`${seed}: ${violation.rule}`);
  }
  expect.fail(`not by "${rule}" in ${voyages} voyages; seen instead: ${seen.join(', ') || 'nothing'}`);
});
