// The last line of every benchmark: one JSON object, so that a program can read what a person just saw.
import { arch, cpus, platform, totalmem } from 'node:os';

/** What a figure must reach: `{ max: 96 }` or `{ min: 0.6 }`, in the figure's own unit. */
export type Goal = { readonly max: number } | { readonly min: number };

/** Prints the line and answers whether every goal is met. Figures without a goal are told only. */
export function report(
  bench: string,
  figures: Readonly<Record<string, number>>,
  goals: Readonly<Record<string, Goal>>,
): boolean {
  const met = Object.entries(goals).every(([name, goal]) => {
    const value = figures[name];
    if (value === undefined || !Number.isFinite(value)) return false;
    return 'max' in goal ? value <= goal.max : value >= goal.min;
  });
  const machine = {
    platform: `${platform()}-${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  process.stdout.write(`${JSON.stringify({ bench, figures, goals, met, machine })}\n`);
  return met;
}
