// How soon work goes on after kill -9 with 100,000 uploads in the queue. One child fills the log and is killed in the midst
// of further events; then, on a fresh copy of what it left, a child opens the log and reports its first running effect. The
// clock runs from the start of that process, and a bare Node's own start, measured in the same rounds, is taken off.
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLevelStorage } from '../../agent/adapters/level-storage.ts';
import { nodeClock } from '../../agent/adapters/node-clock.ts';
import { nodeRandom } from '../../agent/adapters/node-random.ts';
import { createHost } from '../../agent/host/host.ts';

const queued = 100_000;
const rounds = 7;
/** Memory is looked at again when everything that a start sets in motion has run. */
const settleMs = 1_500;

const self = fileURLToPath(import.meta.url);
const [role, directory] = process.argv.slice(2);
if (role === 'fill') await fill(directory!);
else if (role === 'start') await start(directory!);
else await measure();

function hostIn(path: string) {
  const ports = { clock: nodeClock(), random: nodeRandom(), log: () => undefined };
  return createHost({ storage: createLevelStorage(path), ...ports });
}

function idOf(number: number): string {
  return `upload/${String(number).padStart(26, '0')}`;
}

/** Queues everything, says so, and goes on changing priorities until it is killed. */
async function fill(path: string): Promise<void> {
  const host = hostIn(path);
  host.setPermits('line', 0);
  await host.open();
  for (let from = 1; from <= queued; from += 500) {
    const group = Array.from({ length: 500 }, (_, i) => from + i);
    await Promise.all(
      group.map((number) =>
        host.create(idOf(number), {
          source: { kind: 'spooled', spool: `${number}.bin`, sizeBytes: 100_000 },
          name: `added/scan ${number}.pdf`,
          version: 1,
          priority: 1 + (number % 10),
          addedMs: 1_763_650_000_000 + number,
        }),
      ),
    );
  }
  process.stdout.write('full\n');
  for (let number = 1; ; number++) {
    await host.send(idOf(1 + (number % queued)), {
      type: 'prioritise',
      priority: 1 + (number % 9),
      by: 'crew',
    });
  }
}

/** Opens the log and tells of the first effect, then of the memory once all is quiet. */
async function start(path: string): Promise<void> {
  const host = hostIn(path);
  let told = false;
  host.register('sendDocument', ({ signal }) => {
    if (!told) process.stdout.write('effect\n');
    told = true;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  const report = await host.open();
  setTimeout(async () => {
    let count = 0;
    const rssMb = process.memoryUsage.rss() / 2 ** 20;
    for await (const { cell } of host.list({ state: 'sending', limit: queued })) if (cell.n > 0) count += 1;
    const { replayed, tookMs } = report;
    process.stdout.write(`${JSON.stringify({ rssMb, replayed, tookMs, count })}\n`);
  }, settleMs);
}

interface Child {
  /** ms from spawn to each line. */
  readonly lines: readonly { readonly text: string; readonly ms: number }[];
}

/** Runs a child until it said `last` (or, without, ends) and then kills it as a power cut would. */
function child(args: readonly string[], last: (text: string) => boolean, more = 0): Promise<Child> {
  return new Promise((resolve, reject) => {
    const lines: { text: string; ms: number }[] = [];
    const started = performance.now();
    const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    running.stdout.setEncoding('utf8').on('data', (text: string) => {
      const ms = performance.now() - started;
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) lines.push({ text: line, ms });
      if (parts.some(last)) setTimeout(() => running.kill('SIGKILL'), more);
    });
    running.on('error', reject);
    running.on('close', () => resolve({ lines }));
  });
}

async function measure(): Promise<void> {
  const { report } = await import('../support/bench.ts');
  const root = mkdtempSync(join(tmpdir(), 'tender-bench-recovery-'));
  try {
    const full = join(root, 'full');
    await child([self, 'fill', full], (text) => text === 'full', 200);
    const first: number[] = [];
    const node: number[] = [];
    const rss: number[] = [];
    let count = 0;
    for (let round = 0; round < rounds; round++) {
      const copy = join(root, `round-${round}`);
      cpSync(full, copy, { recursive: true });
      const bare = await child(['-e', 'console.log("up")'], () => true);
      node.push(bare.lines[0]!.ms);
      const started = await child([self, 'start', copy], (text) => text.startsWith('{'));
      const effect = started.lines.find(({ text }) => text === 'effect');
      const end = started.lines.find(({ text }) => text.startsWith('{'));
      if (effect === undefined || end === undefined) throw new Error('the agent started no effect');
      const told = JSON.parse(end.text) as { rssMb: number; replayed: number; tookMs: number; count: number };
      first.push(effect.ms - bare.lines[0]!.ms);
      rss.push(told.rssMb);
      count = told.count;
      process.stdout.write(
        `round ${round + 1}: first effect ${Math.round(effect.ms)} ms after start (bare Node ${Math.round(bare.lines[0]!.ms)} ms), ` +
          `${told.replayed} records folded, open() ${told.tookMs} ms, ${Math.round(told.rssMb)} MB\n`,
      );
      rmSync(copy, { recursive: true, force: true });
    }
    report(
      'recovery',
      {
        firstEffectMs: Math.round(median(first)),
        firstEffectMaxMs: Math.round(Math.max(...first)),
        nodeStartMs: Math.round(median(node)),
        queued: count,
        rssMb: Math.round(Math.max(...rss)),
      },
      { firstEffectMs: { max: 600 }, queued: { min: queued }, rssMb: { max: 110 } },
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
