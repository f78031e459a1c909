// Cloud and agent as the processes they are in real life, started from the same emitted code, and the short errands of
// the office. What a process says on stderr is kept and shown only if it fails.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { TenderError } from '../../errors.ts';
import { agentNodeFlags, cloudNodeFlags } from '../node-flags.ts';

const distribution = join(import.meta.dirname, '..', '..', '..');
const mains = {
  cloud: join(distribution, 'cloud', 'cli', 'main.js'),
  agent: join(distribution, 'agent', 'cli', 'main.js'),
} as const;
const nodeFlags = { cloud: cloudNodeFlags, agent: agentNodeFlags } as const;

const errorTailMaxCharacters = 4_000;
const readyMaxMs = 60_000;
const stopMaxMs = 20_000;
const errandMaxMs = 60_000;

export interface Running {
  readonly pid: number;
  /** Resolves when the process is gone: its exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** The end of what it said on stderr. */
  errors(): string;
  /** SIGTERM, and SIGKILL to this very process if it does not listen. */
  stop(): Promise<void>;
}

function start(main: keyof typeof mains, args: readonly string[], through: readonly string[]) {
  const [command, ...rest] = [...through, process.execPath, ...nodeFlags[main], mains[main], ...args];
  // Its own process group: Ctrl-C is for the demo, which then stops its parts in order.
  const child = spawn(command as string, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let tail = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-errorTailMaxCharacters);
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return { child, ended, errors: () => tail };
}

function lines(child: ChildProcess, each: (line: Readonly<Record<string, unknown>>) => void): void {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part.startsWith('{')) each(JSON.parse(part) as Record<string, unknown>);
  });
}

/**
 * Starts a process that stays, and resolves with its first JSON line for which `ready` answers something.
 * `through`: a command that runs it elsewhere, such as in a network namespace.
 */
export async function serve<T>(
  main: keyof typeof mains,
  args: readonly string[],
  ready: (line: Readonly<Record<string, unknown>>) => T | undefined,
  through: readonly string[] = [],
): Promise<{ readonly running: Running; readonly answer: T }> {
  const { child, ended, errors } = start(main, args, through);
  const running: Running = {
    pid: child.pid ?? 0,
    ended,
    errors,
    async stop() {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), stopMaxMs);
      await ended;
      clearTimeout(killer);
    },
  };
  const answer = await new Promise<T>((resolve, reject) => {
    const late = setTimeout(() => reject(failed(main, 'did not get ready', errors())), readyMaxMs);
    void ended.then((how) => reject(failed(main, `ended with ${how}`, errors())));
    lines(child, (line) => {
      const found = ready(line);
      if (found === undefined) return;
      clearTimeout(late);
      resolve(found);
    });
  }).catch(async (error: unknown) => {
    await running.stop();
    throw error;
  });
  return { running, answer };
}

/** Runs a command to its end and answers its JSON lines. */
export async function errand(
  main: keyof typeof mains,
  args: readonly string[],
  through: readonly string[] = [],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { child, ended, errors } = start(main, [...args, '--json'], through);
  const said: Readonly<Record<string, unknown>>[] = [];
  lines(child, (line) => said.push(line));
  const late = setTimeout(() => child.kill('SIGKILL'), errandMaxMs);
  const how = await ended;
  clearTimeout(late);
  if (how !== 0) throw failed(`${main} ${args.slice(0, 3).join(' ')}`, `ended with ${how}`, errors());
  return said;
}

function failed(what: string, how: string, tail: string): TenderError {
  return new TenderError(
    'TENDER_DEMO_FAILED',
    `${what} ${how}. It said last:\n${tail.trim() || '(nothing)'}`,
  );
}
