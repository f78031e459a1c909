// The link lab from a program: two network namespaces with an emulated satellite link between them (lab/README.md). Root only.
// Taking it down ends whatever still runs inside.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProbeSample } from './arithmetic.ts';
import { later } from './cleanup.ts';

const run = promisify(execFile);
/** The lab's sources lie beside this file in the checkout, not in the build. */
const root = import.meta.dirname.replace(/\/dist(?=\/test\/bench\/link$)/, '');
export const labFolder = join(root, 'lab');
const script = join(labFolder, 'linklab');

export const cloudAddress = '10.77.0.2';
const probePort = 7077;
const probesMax = 100_000;
export const probeEveryMs = 200;
const answerMaxMs = 10_000;

export interface LabOptions {
  readonly profile: string;
  readonly seed: number;
  readonly congestion: string;
  /** `key=value` as in lab/linklab.c. */
  readonly keys: readonly string[];
}

interface Count {
  readonly packets: number;
  readonly bytes: number;
}

export interface Direction {
  readonly rate_bps: number;
  readonly offered: Count;
  readonly queue_dropped: Count;
  readonly sent: Count;
  readonly loss_dropped: Count;
  readonly delivered: Count;
  /** UDP: the probe. */
  readonly datagrams: Count;
  readonly datagrams_dropped: Count;
  /** TCP packets with payload, and payload that had passed before. */
  readonly tcp_segments: Count;
  readonly tcp_repeated: Count;
  readonly tcp: {
    readonly packets: number;
    readonly header_bytes: number;
    readonly payload_bytes: number;
    readonly tls_records: number;
    readonly stream_bytes: number;
  };
  readonly queue_wait_ms: { readonly p50: number; readonly p95: number; readonly max: number };
}

/** What the emulator counted since the last restart. Bytes are IP bytes. */
export interface LabStats {
  readonly elapsed_s: number;
  readonly off_s: number;
  readonly outages: number;
  readonly up: Direction;
  readonly down: Direction;
}

/** Bytes on the wire and the longest wait in the queue, per 100 ms since the last restart. */
export interface Timeline {
  readonly upBytes: readonly number[];
  readonly upWaitMs: readonly number[];
}

/** Round trips of a 200-byte packet every 200 ms: what somebody's call goes through. */
export interface ProbeResult {
  readonly sent: number;
  readonly received: number;
  readonly loss_pct: number;
}

export interface Probe {
  /** `performance.now()` when it began. */
  readonly startedAt: number;
  readonly samples: readonly ProbeSample[];
  /** Stops asking; resolves when the last answers had their time. */
  stop(): Promise<ProbeResult>;
}

export interface Lab {
  /** Commands that run what follows in a namespace. */
  readonly inYacht: readonly string[];
  readonly inCloud: readonly string[];
  /** `off`, `on`, `cut 20`, `set up.rate=500k`. */
  tell(command: string): Promise<void>;
  /** Clocks, counters and random streams from zero; resolves when it is done. */
  restart(): Promise<void>;
  stats(): Promise<LabStats>;
  timeline(): Promise<Timeline>;
  probe(): Promise<Probe>;
  down(): Promise<void>;
}

export async function openLab(options: LabOptions): Promise<Lab> {
  await sweep();
  const name = `tender${process.pid}`;
  const lab = linklab(name);
  const down = later(async () => {
    for (const child of children) child.kill('SIGKILL');
    await lab('down');
  });
  const children: ChildProcess[] = [];
  await lab(
    'up',
    options.profile,
    '--seed',
    String(options.seed),
    '--cc',
    options.congestion,
    ...options.keys,
  );
  const about = Object.fromEntries(
    (await lab('env'))
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
  const inside = (namespace: string) => ['nsenter', `--net=/run/netns/${namespace}`, '--'];
  const inYacht = inside(String(about.yacht_ns));
  const inCloud = inside(String(about.cloud_ns));
  const binary = (await lab('binary')).trim();
  const start = (through: readonly string[], ...args: string[]) => {
    const [command, ...rest] = [...through, binary, ...args];
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };
  const tell = (command: string) => writeFile(String(about.ctl), `${command}\n`);
  const stats = async () => JSON.parse(await lab('stats')) as LabStats;
  return {
    inYacht,
    inCloud,
    tell,
    stats,
    down,
    async restart() {
      await tell('restart');
      // The control line is read between two packets; a young clock says that it was.
      const deadline = performance.now() + answerMaxMs;
      while ((await stats()).elapsed_s > 1) {
        if (performance.now() > deadline) throw new Error('the emulator does not restart');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async timeline() {
      const path = join(String(about.dir), 'timeline');
      await rm(path, { force: true });
      await tell(`timeline ${path}`);
      const deadline = performance.now() + answerMaxMs;
      while (!existsSync(path)) {
        if (performance.now() > deadline) throw new Error('the emulator gives no timeline');
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const rows = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
      const columns = rows.map((row) => row.split(' ').map(Number));
      return { upBytes: columns.map((row) => row[0]!), upWaitMs: columns.map((row) => row[1]!) };
    },
    async probe() {
      start(inCloud, 'echo', String(probePort));
      const args = [
        'probe',
        cloudAddress,
        String(probePort),
        String(probeEveryMs),
        String(probesMax),
        'each',
      ];
      return followProbe(start(inYacht, ...args));
    },
  };
}

function followProbe(child: ChildProcess): Probe {
  const startedAt = performance.now();
  const samples: ProbeSample[] = [];
  let out = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  let rest = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [atMs, rttMs] = line.split(' ').map(Number);
      samples.push({ atMs: atMs!, rttMs: rttMs! });
    }
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  return {
    startedAt,
    samples,
    async stop() {
      child.kill('SIGTERM');
      await ended;
      return JSON.parse(out) as ProbeResult;
    },
  };
}

function linklab(name: string): (...args: string[]) => Promise<string> {
  const env = { ...process.env, LINKLAB_NAME: name };
  return async (...args) => (await run(script, args, { env })).stdout;
}

/** Labs of benches that were killed before they could take them down. */
async function sweep(): Promise<void> {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of names) {
    const pid = /^ll-tender(\d+)-yacht$/.exec(name)?.[1];
    if (pid !== undefined && pid !== String(process.pid) && !existsSync(`/proc/${pid}`))
      await linklab(`tender${pid}`)('down');
  }
}
