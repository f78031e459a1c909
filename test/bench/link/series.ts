// Many cases with one command: every seed a program of its own, side by side where the cases leave the processor alone, one after the
// other where they need it. Each case is told as one line as soon as its last seed has ended. Called by line.ts with --all or --cases.
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import type { Goal } from '../../support/bench.ts';
import { type Case, cases } from './cases.ts';
import { later } from './cleanup.ts';
import { isMet, mediansOf } from './goals.ts';
import type { Figures } from './observe.ts';
import { installed } from './requirements.ts';

export interface Series {
  readonly names: readonly string[];
  readonly seeds: readonly number[];
  /** At most so many side by side. */
  readonly parallel: number;
  /** Options of the command line that each run is given as they are. */
  readonly passed: readonly string[];
  readonly congestion: string;
  /** Each line is also added to this file. */
  readonly file: string | undefined;
}

export type Outcome =
  | { readonly seed: number; readonly figures: Figures }
  | { readonly seed: number; readonly failed: string };

/** Before others of the machine: measured, three at once beside a busy machine have the figures of a quiet one. */
const niceness = '-10';
const errorTailCharacters = 400;

/** The line of one case, from its seeds. A seed without figures misses every goal. */
export function lineOf(name: string, congestion: string, outcomes: readonly Outcome[]): object {
  const about: Case = cases[name as keyof typeof cases];
  const goals: Readonly<Record<string, Goal>> = about.goals;
  const bySeed = [...outcomes].sort((a, b) => a.seed - b.seed);
  const runs = bySeed.filter((one) => 'figures' in one);
  const failed = bySeed.filter((one) => 'failed' in one);
  const figures = mediansOf(runs.map((run) => run.figures));
  return {
    ...{ bench: 'line', case: name, seed: bySeed.map(({ seed }) => seed), congestion, figures, goals },
    met: failed.length === 0 && isMet(figures, goals),
    runs,
    ...(failed.length > 0 ? { failed } : {}),
  };
}

/** Answers whether every case met its goals. */
export async function runSeries(series: Series): Promise<boolean> {
  const { names, seeds, parallel, congestion, file } = series;
  const isAlone = (name: string) => 'isAlone' in cases[name as keyof typeof cases];
  const outcomes = new Map<string, Outcome[]>(names.map((name) => [name, []]));
  let met = true;
  const run = async (name: string, seed: number) => {
    const outcome = await oneRun(series, name, seed);
    process.stderr.write(`${name} seed ${seed}: ${JSON.stringify(outcome)}\n`);
    const own = outcomes.get(name)!;
    own.push(outcome);
    if (own.length < seeds.length) return;
    const line = lineOf(name, congestion, own) as { met: boolean };
    met &&= line.met;
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
  };
  const isIdle = (name: string) => cases[name as keyof typeof cases].kind === 'idle';
  const jobs = (are: (name: string) => boolean) =>
    names.filter(are).flatMap((name) => seeds.map((seed) => [name, seed] as const));
  // A line with nothing to do takes ten minutes and nobody's processor.
  const idle = jobs(isIdle).map((job) => run(...job));
  const beside = jobs((name) => !isIdle(name) && !isAlone(name));
  const work = async () => {
    for (let job = beside.shift(); job; job = beside.shift()) await run(...job);
  };
  await Promise.all(Array.from({ length: parallel }, work));
  for (const job of jobs(isAlone)) await run(...job);
  await Promise.all(idle);
  return met;
}

function oneRun({ passed, congestion }: Series, name: string, seed: number): Promise<Outcome> {
  const bench = [process.execPath, process.argv[1]!, '--case', name, '--seed', String(seed)];
  const before = installed('nice') === undefined ? [] : ['nice', '-n', niceness];
  const [command, ...rest] = [...before, ...bench, '--cc', congestion, ...passed];
  return new Promise((resolve) => {
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const end = later(async () => {
      // It takes its own lab down.
      if (child.exitCode === null && child.kill('SIGTERM'))
        await new Promise((gone) => child.once('close', gone));
    });
    let out = '';
    let trouble = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      trouble = (trouble + text).slice(-errorTailCharacters);
    });
    child.on('error', (error) => {
      trouble = String(error);
    });
    child.on('close', () => {
      void end();
      try {
        const { figures } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { figures: Figures };
        resolve({ seed, figures });
      } catch {
        resolve({ seed, failed: trouble.trim() });
      }
    });
  });
}
