// What reading a document for sending costs: read, cut, SHA-256 of every chunk and of the whole. Each measurement is a
// process of its own that does nothing else. The 5 GB file is written to disk first: a 64 MiB pseudo-random block over and
// over with a counter in every 4 KiB page, so no page is empty or like another; a sparse file would cost no reading.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFiles } from '../../agent/adapters/node-files.ts';
import { openDocument } from '../../agent/files/document-reader.ts';
import { bytesOf } from '../../agent/files/path-bytes.ts';
import { report } from '../support/bench.ts';

const smallBytes = 5_000_000;
const largeBytes = 5_000_000_000;

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly rssMb: number;
  readonly chunks: number;
}

const [, , role, directory = '', file = ''] = process.argv;
if (role === 'measure') console.log(JSON.stringify(await measure(directory, file)));
else main();

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'tender-bench-files-'));
  try {
    const small = inProcess(folder, 'small.bin', smallBytes);
    const large = inProcess(folder, 'large.bin', largeBytes);
    const figures = {
      cpuSecondsPerGb: round(large.cpuSeconds / (largeBytes / 1e9)),
      rssMb: round(large.rssMb),
      rssMbOf5Mb: round(small.rssMb),
      megabytesPerSecond: round(largeBytes / 1e6 / large.seconds),
      chunks: large.chunks,
    };
    const goals = { cpuSecondsPerGb: { max: 2.5 }, rssMb: { max: 96 }, rssMbOf5Mb: { max: 96 } };
    process.exitCode = report('files', figures, goals) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inProcess(folder: string, name: string, sizeBytes: number): Measured {
  process.stderr.write(`writing ${name}, ${sizeBytes / 1e6} MB, then reading it\n`);
  writeDocument(join(folder, name), sizeBytes);
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url), 'measure', folder, name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`the measuring process ended with ${child.status}`);
  return JSON.parse(child.stdout) as Measured;
}

function writeDocument(path: string, sizeBytes: number): void {
  const block = Buffer.allocUnsafe(64 * 2 ** 20);
  for (let i = 0, state = 1; i < block.length; i += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    block.writeInt32LE(state ^ (state >>> 13), i);
  }
  const target = openSync(path, 'wx');
  for (let written = 0; written < sizeBytes; ) {
    for (let page = 0; page < block.length; page += 4_096) block.writeDoubleLE(written + page, page);
    written += writeSync(target, block, 0, Math.min(block.length, sizeBytes - written));
  }
  closeSync(target);
}

async function measure(folder: string, name: string): Promise<Measured> {
  const roots = { folders: new Map([['bench', bytesOf(folder)]]), spool: bytesOf(folder) };
  const started = performance.now();
  const cpu = process.cpuUsage();
  const document = openDocument(nodeFiles(), roots, { kind: 'watched', folder: 'bench', path: name });
  for (;;) {
    const step = await document.next();
    if ('chunk' in step) {
      document.release(step.chunk.index);
      continue;
    }
    if (!('end' in step)) throw new Error(`reading ended with ${JSON.stringify(step)}`);
    await document.close();
    const { user, system } = process.cpuUsage(cpu);
    return {
      seconds: (performance.now() - started) / 1000,
      cpuSeconds: (user + system) / 1e6,
      rssMb: process.resourceUsage().maxRSS / 1024,
      chunks: step.end.chunks,
    };
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
