// Runs one untrusted program run in a process group of its own, and ends it at the first limit: wall time, CPU time,
// resident memory, heap, bytes of output. No environment, no files but the given folders, no children, no network where
// the kernel lets us say so. Used by cloud/jobs/extract/run.ts; nothing else in the cloud starts processes but Postgres.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface SandboxLimits {
  readonly wallMaxMs: number;
  readonly cpuMaxSeconds: number;
  /** Resident memory of the whole process; checked every `watchEveryMs`. */
  readonly memoryMaxBytes: number;
  readonly outputMaxBytes: number;
}

export interface SandboxJob {
  /** The program: a JavaScript or TypeScript file. */
  readonly program: string;
  readonly args: readonly string[];
  /** Folders it may read. Everything else, and all writing, is refused by Node's permission model. */
  readonly readable: readonly string[];
  readonly input: AsyncIterable<Uint8Array>;
  readonly limits: SandboxLimits;
  readonly signal?: AbortSignal;
}

/** How a run ended. `output` is complete only with `done`. */
export type SandboxEnd =
  | { readonly end: 'done'; readonly output: Buffer }
  | { readonly end: 'wall' | 'cpu' | 'memory' | 'output' | 'aborted' }
  | { readonly end: 'crashed'; readonly detail: string };

const watchEveryMs = 50;
const stderrKeptBytes = 2048;
const pageBytes = 4096;

/** A network namespace with nothing in it, where an unprivileged process may make one. Asked once. */
let canUnshare: boolean | undefined;
function withoutNetwork(): readonly string[] {
  canUnshare ??= spawnSync('unshare', ['-r', '-n', 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0;
  return canUnshare ? ['unshare', '-r', '-n'] : [];
}

/** Starts it, feeds it, watches it. Resolves once the process is gone; rejects only when the input itself fails. */
export async function runSandboxed(job: SandboxJob): Promise<SandboxEnd> {
  const { limits } = job;
  const node = [
    process.execPath,
    '--permission',
    ...job.readable.map((folder) => `--allow-fs-read=${folder}`),
    `--max-old-space-size=${Math.max(32, Math.floor((limits.memoryMaxBytes / 2 ** 20) * 0.75))}`,
    '--disable-warning=ExperimentalWarning',
    job.program,
    ...job.args,
  ];
  const child = spawn(
    '/bin/sh',
    [
      '-c',
      `ulimit -t ${limits.cpuMaxSeconds}; ulimit -f 0; ulimit -c 0; exec "$@"`,
      'sh',
      ...withoutNetwork(),
      ...node,
    ],
    { detached: true, env: {}, cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let verdict: SandboxEnd['end'] | undefined;
  const end = (why: NonNullable<typeof verdict>) => {
    verdict ??= why;
    killGroup(child);
  };

  const wall = setTimeout(() => end('wall'), limits.wallMaxMs);
  const watch = setInterval(() => {
    if (residentBytes(child.pid) > limits.memoryMaxBytes) end('memory');
  }, watchEveryMs);
  const abort = () => end('aborted');
  job.signal?.addEventListener('abort', abort, { once: true });
  if (job.signal?.aborted) abort();

  const output: Buffer[] = [];
  let outputBytes = 0;
  child.stdout.on('data', (part: Buffer) => {
    outputBytes += part.length;
    if (outputBytes > limits.outputMaxBytes) end('output');
    else output.push(part);
  });
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    if (stderr.length < stderrKeptBytes) stderr += part.toString('utf8').slice(0, stderrKeptBytes);
  });

  const gone = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: 127, signal: null }));
  });
  try {
    await feed(child, job.input, gone);
  } catch (error) {
    killGroup(child);
    throw error;
  } finally {
    const { code, signal } = await gone;
    clearTimeout(wall);
    clearInterval(watch);
    job.signal?.removeEventListener('abort', abort);
    killGroup(child);
    if (verdict === undefined) verdict = judge(code, signal, stderr);
  }
  if (verdict === 'done') return { end: 'done', output: Buffer.concat(output) };
  if (verdict === 'crashed') return { end: 'crashed', detail: lastLine(stderr) };
  return { end: verdict };
}

function judge(code: number | null, signal: NodeJS.Signals | null, stderr: string): SandboxEnd['end'] {
  if (code === 0) return 'done';
  // The soft CPU limit sends SIGXCPU, the hard one SIGKILL; V8 ends a full heap with SIGABRT after saying so.
  if (signal === 'SIGXCPU' || signal === 'SIGKILL') return 'cpu';
  if (/heap out of memory|Array buffer allocation failed|ERR_MEMORY_ALLOCATION_FAILED/.test(stderr))
    return 'memory';
  return 'crashed';
}

/**
 * Writes the input with back-pressure. A child that goes away first is not the input's fault, and an input that hangs (a blob
 * store that does not answer) is not waited for once the child is gone.
 */
async function feed(
  child: ChildProcess,
  input: AsyncIterable<Uint8Array>,
  gone: Promise<unknown>,
): Promise<void> {
  const stdin = child.stdin!;
  const broken = new Promise<undefined>((resolve) => {
    stdin.on('error', () => resolve(undefined));
    void gone.then(() => resolve(undefined));
  });
  const parts = input[Symbol.asyncIterator]();
  for (;;) {
    const next = parts.next();
    const part = await Promise.race([next, broken]);
    if (part === undefined) {
      next.catch(() => {});
      void parts.return?.().then(undefined, () => {});
      return;
    }
    if (part.done) break;
    if (!stdin.write(part.value)) {
      await Promise.race([new Promise((resolve) => stdin.once('drain', resolve)), broken]);
    }
  }
  stdin.end();
}

/** SIGKILL to everything the child may have become; already gone is fine. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: the group is gone, which is what we wanted.
  }
}

/** Linux only; elsewhere the heap limit and the CPU limit stand alone. */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * pageBytes;
  } catch {
    return 0;
  }
}

function lastLine(text: string): string {
  const lines = text.trim().split('\n');
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').slice(0, 200);
}
