// Figures against what they must reach, and the medians of several seeds.
import type { Goal } from '../../support/bench.ts';
import { median, round } from './arithmetic.ts';

const placesMax = 3;

/** A figure that is missing or not a number misses its goal. */
export function isMet(
  figures: Readonly<Record<string, number>>,
  goals: Readonly<Record<string, Goal>>,
): boolean {
  return Object.entries(goals).every(([name, goal]) => {
    const value = figures[name];
    if (value === undefined || !Number.isFinite(value)) return false;
    return 'max' in goal ? value <= goal.max : value >= goal.min;
  });
}

/** Per figure the median over the runs that have it. */
export function mediansOf(runs: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = new Set(runs.flatMap((run) => Object.keys(run)));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = runs.map((run) => run[name]).filter((value) => value !== undefined);
      return [name, round(median(values), placesMax)];
    }),
  );
}
