// How much of a bad link the line uses, at what price and at whose cost: cases of the link lab with agent and cloud as real processes
// in two network namespaces, TLS between them. `npm run bench:line -- --case geo --seeds 1,2,3 --peers`. Root only.
// The last line is one JSON object; exit code 0: all goals met, 1: not all, 2: nothing could be measured. docs/performance.md.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Goal } from '../support/bench.ts';
import { type Case, cases } from './link/cases.ts';
import { cleanUp, cleanUpOnSignals } from './link/cleanup.ts';
import { isMet, mediansOf } from './link/goals.ts';
import type { Figures } from './link/observe.ts';
import { comparePeers, type PeerRun, peersOf, runPeer } from './link/peers/peers.ts';
import { refusal } from './link/requirements.ts';
import type { Options } from './link/run.ts';
import { runnerOf } from './link/runners/runners.ts';
import { runSeries } from './link/series.ts';
import { type Line, tableOf, withTable } from './link/table.ts';

/** Beyond the case's own limit: lab, PostgreSQL, enrolment, the hash ashore. */
const setUpMaxSeconds = 300;

const { values } = orRefuse(() =>
  parseArgs({
    options: {
      case: { type: 'string', default: 'geo' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string' },
      cc: { type: 'string', default: 'cubic' },
      /** Megabytes of the large file, instead of the case's. */
      size: { type: 'string' },
      minutes: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      agent: { type: 'string', multiple: true, default: [] },
      peers: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      /** Every case, or those named. */
      all: { type: 'boolean', default: false },
      cases: { type: 'string' },
      parallel: { type: 'string', default: '3' },
      json: { type: 'string' },
      /** Lines of earlier runs as the table of docs/performance.md. */
      table: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }),
);

/** What goes wrong in there is the caller's to mend: a sentence, no trace. */
function orRefuse<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}

function usage(): string {
  const width = Math.max(...Object.keys(cases).map((name) => name.length));
  return [
    'npm run bench:line -- --case CASE [--seeds 1,2,3] [--cc cubic|bbr|reno] [--set key=value] [--agent key=value] [--size MB] [--peers] [--trace]',
    'npm run bench:line -- --all | --cases A,B [--seeds 1,2,3] [--parallel 3] [--json FILE]',
    'npm run bench:line -- --table FILE [--write]',
    '',
    ...Object.entries(cases).map(([name, { what }]) => `${name.padEnd(width)}  ${what}`),
    '',
    'Needs Linux, root, /dev/net/tun, gcc and iproute2. docs/performance.md says what is measured, and how.',
  ].join('\n');
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}

if (values.help) {
  process.stdout.write(`${usage()}\n`);
  process.exit(0);
}
if (values.table !== undefined) {
  const { table, write } = values;
  orRefuse(() => tell(table, write));
  process.exit(0);
}
const names = values.all ? Object.keys(cases).filter(hasGoals) : values.cases?.split(',');
for (const name of names ?? [values.case])
  if (!Object.hasOwn(cases, name))
    refuse(`There is no case "${name}". There are: ${Object.keys(cases).join(', ')}.`);
const seeds = (values.seeds ?? values.seed).split(',').map(Number);
if (seeds.length === 0 || seeds.some((seed) => !Number.isSafeInteger(seed) || seed < 0))
  refuse('--seed needs a whole number, --seeds several: --seeds 1,2,3.');
if (!['cubic', 'bbr', 'reno'].includes(values.cc)) refuse('--cc needs cubic, bbr or reno.');
if (names !== undefined) {
  const parallel = Number(values.parallel);
  if (!(Number.isSafeInteger(parallel) && parallel > 0))
    refuse('--parallel needs a whole number above zero.');
  if (values.peers || values.trace) refuse('--peers and --trace go with one --case.');
  const why = refusal(values.cc);
  if (why !== undefined) refuse(why);
  cleanUpOnSignals();
  const passed = [
    ...values.set.flatMap((key) => ['--set', key]),
    ...values.agent.flatMap((setting) => ['--agent', setting]),
    ...(values.size === undefined ? [] : ['--size', values.size]),
    ...(values.minutes === undefined ? [] : ['--minutes', values.minutes]),
  ];
  const congestion = values.cc;
  process.exit((await runSeries({ names, seeds, parallel, passed, congestion, file: values.json })) ? 0 : 1);
}
const about = adjusted(cases[values.case as keyof typeof cases]);
const why = about.kind === 'memory' ? undefined : refusal(values.cc);
if (why !== undefined) refuse(why);

cleanUpOnSignals();
try {
  const runs: { seed: number; figures: Figures }[] = [];
  const peerRuns: PeerRun[] = [];
  for (const seed of seeds) {
    const options = {
      seed,
      congestion: values.cc,
      keys: values.set,
      agent: values.agent,
      trace: values.trace,
    } satisfies Options;
    const figures = await within(about.maxSeconds + setUpMaxSeconds, () => runnerOf(about)(about, options));
    runs.push({ seed, figures });
    note(`${values.case} seed ${seed}`, figures);
    if (!values.peers) continue;
    for (const peer of peersOf(about)) {
      const run = await within(about.maxSeconds + setUpMaxSeconds, () => runPeer(peer, about, options)).catch(
        (error: unknown): PeerRun => ({ peer: peer.name, seed, failed: String(error) }),
      );
      await cleanUp();
      peerRuns.push(run);
      note(`${peer.name} seed ${seed}`, 'figures' in run ? run.figures : run.failed);
    }
  }
  const own = mediansOf(runs.map((run) => run.figures));
  const peers = values.peers ? comparePeers(own, peerRuns) : undefined;
  const figures = { ...own, ...peers?.figures };
  const goals: Readonly<Record<string, Goal>> = { ...about.goals, ...peers?.goals };
  const met = isMet(figures, goals) && (peers?.met ?? true);
  const line = {
    bench: 'line',
    case: values.case,
    seed: seeds.length === 1 ? seeds[0] : seeds,
    congestion: values.cc,
    ...(values.set.length > 0 ? { set: values.set } : {}),
    figures,
    goals,
    met,
    ...(seeds.length > 1 ? { runs } : {}),
    ...(peers ? { peers: peers.rows } : {}),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (values.json !== undefined) appendFileSync(values.json, `${JSON.stringify(line)}\n`);
  process.exitCode = met ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 2;
} finally {
  await cleanUp();
}
// Streams and sockets of what was just taken down may keep Node awake; there is nothing left to wait for.
process.exit();

function note(what: string, figures: unknown): void {
  process.stderr.write(`${what}: ${JSON.stringify(figures)}\n`);
}

/** Those without are there to compare with. */
function hasGoals(name: string): boolean {
  return Object.keys(cases[name as keyof typeof cases].goals).length > 0;
}

/** Prints the table, or writes it into the page. */
function tell(file: string, write: boolean): void {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
  const table = tableOf(lines);
  if (!write) {
    process.stdout.write(`${table}\n`);
    return;
  }
  const page = join(process.cwd(), 'docs', 'performance.md');
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), table));
  process.stdout.write(`${page} has the table of ${file}.\n`);
}

/** The case with what the command line changes of it. */
function adjusted(about: Case): Case {
  const bytes = values.size === undefined ? {} : { bytes: Math.round(Number(values.size) * 1e6) };
  const minutes = values.minutes === undefined ? {} : { minutes: Number(values.minutes) };
  if (Object.values({ ...bytes, ...minutes }).some((value) => !(value > 0)))
    refuse('--size needs megabytes, --minutes needs minutes, both above zero.');
  return {
    ...about,
    ...('bytes' in about ? bytes : {}),
    ...(about.kind === 'idle' ? minutes : {}),
  } as Case;
}

async function within<T>(seconds: number, run: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000);
  });
  try {
    return await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
