// The link lab from a program: two network namespaces with an emulated satellite link between them (lab/README.md). Root only.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const folder = join(import.meta.dirname, '..', '..', '..', ...(import.meta.dirname.includes('/dist/') ? ['..'] : []));
/** The lab's sources lie beside this file in the checkout, not in the build. */
export const labFolder = join(folder, 'test', 'bench', 'link', 'lab');
const script = join(labFolder, 'linklab');

export const cloudAddress = '10.77.0.2';
const probePort = 7077;
const probesMax = 100_000;

export interface LabOptions {
  readonly profile: string;
  readonly seed: number;
  readonly congestion: 'cubic' | 'bbr' | 'reno';
  /** `key=value` as in lab/linklab.c. */
  readonly keys: readonly string[];
}

export interface Direction {
  readonly rate_bps: number;
  readonly offered: Count;
  readonly queue_dropped: Count;
  readonly sent: Count;
  readonly delivered: Count;
  readonly queue_wait_ms: { readonly p50: number; readonly p95: number; readonly max: number };
}
interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** What the emulator counted since the last restart. Bytes are IP bytes. */
export interface LabStats {
  readonly elapsed_s: number;
  readonly off_s: number;
  readonly outages: number;
  readonly up: Direction;
  readonly down: Direction;
}

/** Round trips of a 200-byte packet every 200 ms: what somebody's call goes through. */
export interface ProbeResult {
  readonly sent: number;
  readonly received: number;
  readonly loss_pct: number;
  readonly rtt_ms: { readonly min: number; readonly p50: number; readonly p95: number; readonly max: number };
}

export interface Probe {
  /** Stops asking; resolves when the last answers had their time. */
  stop(): Promise<ProbeResult>;
  /** Round trips so far: when, and how long, ms. */
  readonly samples: readonly { readonly atMs: number; readonly rttMs: number }[];
}

export interface Lab {
  /** Commands that run what follows in a namespace. */
  readonly inYacht: readonly string[];
  readonly inCloud: readonly string[];
  /** `off`, `on`, `cut 20`, `set up.rate=500k`, `restart`. */
  tell(command: string): Promise<void>;
  stats(): Promise<LabStats>;
  probe(): Promise<Probe>;
  down(): Promise<void>;
}

export async function openLab(options: LabOptions): Promise<Lab> {
  const name = `tender${process.pid}`;
  const env = { ...process.env, LINKLAB_NAME: name };
  const lab = async (...args: string[]) => (await run(script, args, { env })).stdout;
  await lab('up', options.profile, '--seed', String(options.seed), '--cc', options.congestion, ...options.keys);
  const about = Object.fromEntries((await lab('env')).trim().split('\n').map((line) => line.split('=') as [string, string]));
  const inside = (namespace: string) => ['nsenter', `--net=/run/netns/${namespace}`, '--'];
  const inYacht = inside(String(about.yacht_ns));
  const inCloud = inside(String(about.cloud_ns));
  const binary = (await lab('binary')).trim();
  const children: ChildProcess[] = [];
  const start = (through: readonly string[], ...args: string[]) => {
    const [command, ...rest] = [...through, binary, ...args];
    const child = spawn(command!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    return child;
  };
  return {
    inYacht,
    inCloud,
    tell: (command) => writeFile(String(about.ctl), `${command}\n`),
    stats: async () => JSON.parse(await lab('stats')) as LabStats,
    async probe() {
      start(inCloud, 'echo', String(probePort));
      const child = start(inYacht, 'probe', cloudAddress, String(probePort), '200', String(probesMax), 'each');
      const samples: { atMs: number; rttMs: number }[] = [];
      let out = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text;
      });
      let rest = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const [at, rtt] = line.split(' ').map(Number);
          samples.push({ atMs: at!, rttMs: rtt! });
        }
      });
      const ended = new Promise((resolve) => child.on('close', resolve));
      return {
        samples,
        async stop() {
          child.kill('SIGTERM');
          await ended;
          return JSON.parse(out) as ProbeResult;
        },
      };
    },
    async down() {
      for (const child of children) child.kill('SIGKILL');
      await lab('down');
    },
  };
}
